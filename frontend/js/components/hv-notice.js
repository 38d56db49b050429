/**
 * The banner over the page while the service cannot answer.
 *
 *   <hv-notice hidden></hv-notice>
 *   notice.problem = problem;           null hides it
 *
 * Event: hv-check-service.
 */
import { element } from "../element.js";
import "./hv-problem.js";

class Notice extends HTMLElement {
  set problem(problem) {
    this.hidden = !problem;
    if (!problem) return this.replaceChildren();

    const message = element("hv-problem");
    message.problem = problem;
    const again = element("button", { type: "button", textContent: "Check again" });
    again.addEventListener("click", () => {
      again.disabled = true;
      this.dispatchEvent(new CustomEvent("hv-check-service", { bubbles: true }));
    });
    const banner = element("section", {}, message, again);
    banner.setAttribute("role", "alert");
    const explanation = "You can still choose pictures; each will say for itself why it was not answered.";
    message.append(element("p", { className: "quiet" }, explanation));
    this.replaceChildren(banner);
  }
}

customElements.define("hv-notice", Notice);
