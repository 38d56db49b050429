/**
 * A tray of example pictures.
 *
 *   <hv-examples></hv-examples>
 *   tray.open();                        and then one of
 *   tray.examples = { examples: [{ name, url }], attribution, message };
 *   tray.problem = problem;
 *
 * Event: hv-example (detail: the one that was picked).
 */
import { dialogOf } from "../dialog.js";
import { element } from "../element.js";
import "./hv-problem.js";

class Examples extends HTMLElement {
  #body = element("div", { className: "body" });
  #dialog = dialogOf("examples", "Examples", this.#body);

  connectedCallback() {
    this.append(this.#dialog);
  }

  open() {
    this.#body.replaceChildren(element("p", { className: "quiet" }, "Looking for examples"));
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  set problem(problem) {
    this.#body.replaceChildren(Object.assign(element("hv-problem"), { problem }));
  }

  set examples({ examples, attribution, message }) {
    const list = element("ul", {}, ...examples.map((example) => element("li", {}, this.#choice(example))));
    const lines = [examples.length ? attribution : message].filter(Boolean);
    this.#body.replaceChildren(
      ...(examples.length ? [list] : []),
      ...lines.map((line) => element("p", { className: "quiet" }, line)),
    );
  }

  #choice(example) {
    const image = element("img", { src: example.url, alt: "", loading: "lazy", decoding: "async" });
    const button = element("button", { type: "button" }, image, element("span", {}, example.name));
    button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("hv-example", { bubbles: true, detail: example }));
    });
    return button;
  }
}

customElements.define("hv-examples", Examples);
