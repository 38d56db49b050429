/**
 * The picture that is looked at: its field, the tools for it, what was seen in it, and what the marks mean.
 *
 *   <hv-viewer></hv-viewer>
 *   viewer.shown = { picture, at, redWanted };      of the store; picture null hides it
 *
 * Events: hv-want-red (detail: { wanted }), and those of hv-field.
 */
import { element, icon } from "../element.js";
import { seenWords } from "../words.js";
import "./hv-field.js";
import "./hv-marks.js";

const HINT = "Arrow keys walk the cells; plus, minus and 0 zoom; W shows where a class was seen. The wheel zooms once the field has the focus.";

class Viewer extends HTMLElement {
  #title = element("h2", { id: "viewer-title" });
  #field = element("hv-field");
  #undrawn = element("p", { className: "undrawn" }, "This browser cannot draw this kind of file.");
  #caption = element("p");
  #facts = element("p", { className: "facts" });
  #unrecorded = element("p", { className: "unrecorded" }, icon("check"), "Not recorded: this answer will not be in the history.");
  #marks = element("hv-marks");
  #names = toggle("Names");
  #red = toggle("Red cells");
  #why = toggle("Why");
  #out = tool("zoom_out", "Zoom out", () => this.#field.farther());
  #in = tool("zoom_in", "Zoom in", () => this.#field.closer());
  #fit = tool("fit", "Fit", () => this.#field.fit());

  connectedCallback() {
    press(this.#names, true);
    this.#names.addEventListener("click", () => this.#showNames(this.#names.ariaPressed !== "true"));
    this.#red.addEventListener("click", () => {
      const detail = { wanted: this.#red.ariaPressed !== "true" };
      this.dispatchEvent(new CustomEvent("hv-want-red", { bubbles: true, detail }));
    });
    this.#why.title = "Where the picked cell's class was seen (key W)";
    this.#why.addEventListener("click", () => this.why());
    this.#field.addEventListener("hv-zoomed", () => this.#canZoom());
    const tools = element("div", { className: "tools" }, this.#names, this.#red, this.#why, this.#out, this.#in, this.#fit);
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "Tools");
    const hint = element("p", { id: "field-hint", className: "for-readers" }, HINT);
    this.#field.setAttribute("aria-describedby", hint.id);
    const section = element("section", {},
      element("header", {}, this.#title, tools),
      element("div", { className: "window" }, this.#field, this.#undrawn),
      element("footer", {}, this.#caption, this.#facts, this.#unrecorded, this.#marks), hint);
    section.setAttribute("aria-labelledby", this.#title.id);
    this.append(section);
    this.hidden = true;
  }

  set shown({ picture, at, redWanted }) {
    this.hidden = !picture;
    if (!picture) return;
    const { answer, file, red } = picture;
    this.#title.textContent = file.name;
    this.#field.picture = picture;
    this.#field.picked = at;
    this.#field.red = redWanted ? red : null;
    this.#why.disabled = !answer?.cells[at]?.why;
    press(this.#red, redWanted);
    this.#red.disabled = this.#names.disabled = !answer;
    this.#caption.textContent = answer ? `Seen in this picture: ${seenWords(answer.seen)}.` : "";
    this.#facts.textContent = answer ? factsOf(answer) : "";
    this.#unrecorded.hidden = answer?.recorded !== false;
    this.#marks.hidden = !answer?.cells.length;
    this.#marks.red = redWanted;
  }

  /** Show where the picked cell's class was seen, or no longer. */
  why() {
    if (this.#why.disabled) return;
    press(this.#why, this.#why.ariaPressed !== "true");
    this.#field.why = this.#why.ariaPressed === "true";
  }

  #showNames(shown) {
    press(this.#names, shown);
    this.#field.names = shown;
  }

  /** A tool that would do nothing says so, and keeps the focus it may have. */
  #canZoom() {
    for (const button of [this.#out, this.#fit]) button.setAttribute("aria-disabled", String(!this.#field.zoomed));
  }
}

function factsOf({ image, milliseconds, model }) {
  return `${image.width} × ${image.height} px · ${milliseconds.total.toFixed(1)} ms · ${model.name} ${model.version}`;
}

function toggle(text) {
  const button = element("button", { type: "button", className: "toggle" }, text);
  press(button, false);
  return button;
}

const press = (button, pressed) => button.setAttribute("aria-pressed", String(pressed));

function tool(drawing, text, act) {
  const button = element("button", { type: "button", className: "bare", title: text }, icon(drawing));
  button.append(element("span", { className: "for-readers" }, text));
  button.addEventListener("click", act);
  return button;
}

customElements.define("hv-viewer", Viewer);
