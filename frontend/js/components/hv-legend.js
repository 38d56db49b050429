/**
 * How to read an answer, before there is one.
 *
 *   <hv-legend></hv-legend>
 */
import { element } from "../element.js";
import { STATUSES } from "../words.js";
import "./hv-status.js";

const WHICH = "A cell gets one of the first three, a picture without cells one of the others. No label is made up.";

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
      element("p", { className: "quiet" }, WHICH),
      list,
    );
  }
}

customElements.define("hv-legend", Legend);
