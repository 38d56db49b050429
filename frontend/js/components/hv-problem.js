/**
 * What went wrong, what to do next, and the request's id for whoever keeps the log.
 *
 *   const problem = document.createElement("hv-problem");
 *   problem.problem = { title, detail, code, requestId };
 */
import { element } from "../element.js";

class ProblemMessage extends HTMLElement {
  set problem({ title, detail, code, requestId, message }) {
    this.replaceChildren(
      element("p", { className: "title" }, title ?? "This page failed"),
      element("p", {}, detail ?? message),
    );
    if (requestId) this.append(element("p", { className: "trace" }, `${code} · request ${requestId}`));
  }
}

customElements.define("hv-problem", ProblemMessage);
