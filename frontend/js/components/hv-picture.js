/**
 * One picture: what it looks like, where it stands, what was answered.
 *
 *   const card = document.createElement("hv-picture");
 *   card.picture = { id, file, state, answer, problem };      set again at each change
 *
 * Events, each with detail { id }: hv-stop, hv-retry, hv-remove.
 */
import { element, icon } from "../element.js";
import { byteSize } from "../words.js";
import "./hv-answer.js";
import "./hv-preview.js";
import "./hv-problem.js";
import "./hv-status.js";

class Picture extends HTMLElement {
  #id = null;
  #title = element("h3", { tabIndex: -1 });
  #stop = this.#button("hv-stop", "Stop");
  #retry = this.#button("hv-retry", "Try again");
  #remove = this.#button("hv-remove");
  #body = element("div", { className: "body" });

  set picture(picture) {
    if (this.#id === null) this.#build(picture);
    const focused = document.activeElement;
    const { state } = picture;
    this.dataset.state = state;
    this.#stop.hidden = state !== "waiting" && state !== "sending";
    this.#retry.hidden = state !== "failed" && state !== "stopped";
    this.#retry.firstChild.data = picture.problem?.code === "not_sent" ? "Send anyway" : "Try again";
    this.#body.replaceChildren(...bodyOf(picture));
    if (focused === this.#stop || focused === this.#retry) this.#keepFocus(focused);
  }

  focus() {
    this.#title.focus();
  }

  /** The button that was pressed may be gone: then to the one in its place, or to the card itself. */
  #keepFocus(focused) {
    if (focused.hidden) ([this.#stop, this.#retry].find((button) => !button.hidden) ?? this.#title).focus();
  }

  #build({ id, file }) {
    this.#id = id;
    this.#title.id = `picture-${id}`;
    this.#title.textContent = file.name;
    this.#remove.className = "bare";
    this.#remove.title = "Remove";
    this.#remove.prepend(icon("close"), element("span", { className: "for-readers" }, "Remove"));
    for (const button of [this.#stop, this.#retry, this.#remove]) {
      button.append(element("span", { className: "for-readers" }, ` ${file.name}`));
    }
    const preview = element("hv-preview");
    preview.file = file;
    const size = element("p", { className: "quiet" }, byteSize(file.size));
    const buttons = element("div", { className: "buttons" }, this.#stop, this.#retry, this.#remove);
    const heading = element("header", {}, element("div", {}, this.#title, size), buttons);
    const article = element("article", {}, preview, heading, this.#body);
    article.setAttribute("aria-labelledby", this.#title.id);
    this.append(article);
  }

  #button(type, text) {
    const button = element("button", { type: "button" }, ...(text ? [text] : []));
    button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail: { id: this.#id } }));
    });
    return button;
  }
}

function bodyOf({ state, answer, problem }) {
  if (state === "answered") return [Object.assign(element("hv-answer"), { answer })];
  const status = Object.assign(element("hv-status"), { status: state });
  if (state === "failed") return [status, Object.assign(element("hv-problem"), { problem })];
  if (state === "stopped") return [status, element("p", { className: "quiet" }, "Stopped before an answer came.")];
  return [status];
}

customElements.define("hv-picture", Picture);
