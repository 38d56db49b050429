/**
 * How to read an answer, before there is one.
 *
 *   <hv-legend></hv-legend>
 */
import { element } from "../element.js";
import { STATUSES } from "../words.js";
import "./hv-status.js";

class Legend extends HTMLElement {
  connectedCallback() {
    const list = element("dl");
    for (const [status, [, meaning]] of Object.entries(STATUSES)) {
      const mark = element("hv-status");
      mark.status = status;
      list.append(element("div", {}, element("dt", {}, mark), element("dd", {}, meaning)));
    }
    this.append(
      element("h2", {}, "How an answer reads"),
      element("p", { className: "quiet" }, "Every picture gets one of five. Where there is no label, none is made up."),
      list,
    );
  }
}

customElements.define("hv-legend", Legend);
