/**
 * What the marks on a field mean.
 *
 *   const marks = document.createElement("hv-marks");
 *   marks.red = true;                   whether red cells are shown
 */
import { element } from "../element.js";

const MARKS = {
  confident: "Confident", check: "Check", unfamiliar: "Unfamiliar", platelet: "Platelet", red: "Red cell",
};

class Marks extends HTMLElement {
  connectedCallback() {
    const list = element("ul", {}, ...Object.entries(MARKS).map(([mark, text]) => (
      element("li", { className: mark }, element("span", { className: "mark" }), text)
    )));
    list.setAttribute("aria-label", "Marks");
    this.replaceChildren(list);
    this.red = false;
  }

  set red(shown) {
    const item = this.querySelector(".red");
    if (item) item.hidden = !shown;
  }
}

customElements.define("hv-marks", Marks);
