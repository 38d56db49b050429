/**
 * One picture's card: what it looks like, where it stands, what was found; a press looks at it.
 *
 *   const card = document.createElement("hv-picture");
 *   card.picture = { id, file, state, answer, problem };      set again at each change
 *   card.picked = true;
 *
 * Events, each with detail { id }: hv-pick, hv-stop, hv-retry, hv-remove.
 */
import { element, icon } from "../element.js";
import { byteSize, givenLabel, perCent, several, words } from "../words.js";
import "./hv-preview.js";
import "./hv-status.js";

class Picture extends HTMLElement {
  #id = null;
  #open = this.#button("hv-pick", "", "open");
  #stop = this.#button("hv-stop", "Stop", "small");
  #retry = this.#button("hv-retry", "Try again", "small");
  #remove = this.#button("hv-remove", "", "bare");
  #line = element("div", { className: "line" });

  set picture(picture) {
    if (this.#id === null) this.#build(picture);
    const focused = document.activeElement;
    const { state } = picture;
    this.dataset.state = state;
    this.#stop.hidden = state !== "waiting" && state !== "sending";
    this.#retry.hidden = state !== "failed" && state !== "stopped";
    this.#retry.firstChild.data = picture.problem?.code === "not_sent" ? "Send anyway" : "Try again";
    this.#line.replaceChildren(...lineOf(picture));
    if (focused === this.#stop || focused === this.#retry) this.#keepFocus(focused);
  }

  set picked(picked) {
    this.#open.setAttribute("aria-pressed", String(picked));
  }

  focus() {
    this.#open.focus();
  }

  /** The button that was pressed may be gone: then to the one in its place, or to the card itself. */
  #keepFocus(focused) {
    if (focused.hidden) ([this.#stop, this.#retry].find((button) => !button.hidden) ?? this.#open).focus();
  }

  #build({ id, file }) {
    this.#id = id;
    this.#open.textContent = file.name;
    this.#open.title = `${file.name}, ${byteSize(file.size)}`;
    this.picked = false;
    this.#remove.title = "Remove";
    this.#remove.prepend(icon("close"), element("span", { className: "for-readers" }, "Remove"));
    for (const button of [this.#stop, this.#retry, this.#remove]) {
      button.append(element("span", { className: "for-readers" }, ` ${file.name}`));
    }
    const preview = element("hv-preview");
    preview.file = file;
    const title = element("h3", { id: `picture-${id}` }, this.#open);
    const article = element("article", {}, preview, title, this.#line, this.#stop, this.#retry, this.#remove);
    article.setAttribute("aria-labelledby", title.id);
    this.append(article);
  }

  #button(type, text, className) {
    const button = element("button", { type: "button", className }, ...(text ? [text] : []));
    button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail: { id: this.#id } }));
    });
    return button;
  }
}

/** One cell: its name. Several: how many were seen. None: why. */
function lineOf({ state, answer }) {
  if (state !== "answered") return [Object.assign(element("hv-status"), { status: state })];
  const { cells, seen } = answer;
  if (cells.length > 1) {
    const platelets = seen.platelet ? `, ${several(seen.platelet, "platelet")}` : "";
    return [element("span", {}, `${several(seen.nucleated, "nucleated cell")}${platelets}`)];
  }
  const status = Object.assign(element("hv-status"), { status: answer.status });
  const label = givenLabel(answer);
  const found = element("span", {}, label ? `${words(label)} ${perCent(answer.confidence)}` : "");
  return label ? [status, found] : [status];
}

customElements.define("hv-picture", Picture);
