/**
 * What is said of the picked cell; where there is none, of its picture: its answer, its state, or why it failed.
 *
 *   <hv-picked></hv-picked>
 *   panel.readouts = model.metrics.readouts;
 *   panel.shown = { picture, at, walkable };        picture null hides it; walkable: there is a gallery to step through
 *
 * Event: hv-step (detail: { step }): to the next cell of the gallery, or back.
 */
import { element } from "../element.js";
import "./hv-judgement.js";
import "./hv-problem.js";
import "./hv-readings.js";
import "./hv-status.js";
import "./hv-thumbnail.js";

class Picked extends HTMLElement {
  readouts = {};
  #title = element("h2", { id: "picked-title", className: "for-readers" });
  #body = element("div", { className: "body" });
  #steps = element("div", { className: "steps" }, this.#step("Previous cell", -1), this.#step("Next cell", 1));

  connectedCallback() {
    const section = element("section", {}, this.#title, this.#body, this.#steps);
    section.setAttribute("aria-labelledby", this.#title.id);
    this.append(section);
    this.hidden = true;
  }

  set shown({ picture, at, walkable }) {
    this.hidden = !picture;
    if (!picture) return;
    const cell = picture.answer?.cells[at];
    this.#title.textContent = cell ? "The picked cell" : "The picture";
    this.#body.replaceChildren(...(cell ? ofCell(picture, at, cell, this.readouts) : ofPicture(picture)));
    this.#steps.hidden = !cell || !walkable;
  }

  #step(text, step) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("hv-step", { bubbles: true, detail: { step } }));
    });
    return button;
  }
}

function ofCell(picture, at, cell, rows) {
  const thumbnail = Object.assign(element("hv-thumbnail"), { cell: { picture, at } });
  const judgement = Object.assign(element("hv-judgement"), { judgement: cell });
  judgement.prepend(thumbnail);
  const located = cell.kind === "platelet" ? "Located as a platelet" : "Located as a cell with a nucleus";
  const cut = cell.edge ? ", cut by the picture's edge" : "";
  const size = `${cell.box.width} × ${cell.box.height} px`;
  const readings = cell.why?.readings.length
    ? [Object.assign(element("hv-readings"), { shown: { readings: cell.why.readings, rows } })] : [];
  return [judgement, ...readings, element("p", { className: "quiet" }, `${located}${cut}; ${size}.`)];
}

function ofPicture({ state, answer, problem }) {
  if (state === "answered") return [Object.assign(element("hv-judgement"), { judgement: answer })];
  const status = Object.assign(element("hv-status"), { status: state });
  if (state === "failed") return [status, Object.assign(element("hv-problem"), { problem })];
  if (state === "stopped") return [status, element("p", { className: "quiet" }, "Stopped before an answer came.")];
  return [status];
}

customElements.define("hv-picked", Picked);
