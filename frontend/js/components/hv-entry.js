/**
 * One recorded prediction with its cells, and its erasure.
 *
 *   <hv-entry></hv-entry>
 *   entry.open();                       and then one of
 *   entry.shown = { entry, erasable };  `entry` as GET /history/{id} has it
 *   entry.problem = problem;
 *   entry.close();
 *
 * Event: hv-erase (detail: { id, reason }).
 */
import { dialogOf } from "../dialog.js";
import { element } from "../element.js";
import { cellWords, moment, seenWords } from "../words.js";
import "./hv-judgement.js";
import "./hv-problem.js";

class Entry extends HTMLElement {
  #body = element("div", { className: "body" });
  #failed = element("div", { role: "alert" });
  #dialog = null;

  connectedCallback() {
    if (this.firstChild) return;
    this.#dialog = dialogOf("entry", "Recorded prediction", element("div", {}, this.#failed, this.#body));
    this.append(this.#dialog);
  }

  open() {
    this.#failed.replaceChildren();
    this.#body.replaceChildren(element("p", { className: "quiet" }, "Looking it up"));
    this.#dialog.showModal();
  }

  close() { this.#dialog.close(); }

  set problem(problem) {
    this.#failed.replaceChildren(Object.assign(element("hv-problem"), { problem }));
  }

  set shown({ entry, erasable }) {
    const judgement = Object.assign(element("hv-judgement"), { judgement: entry });
    const cells = element("ol", { className: "cells" }, ...entry.cells.map(cellOf));
    const title = element("h3", {}, entry.cells.length ? "Cells, the main one first" : "No cells");
    this.#body.replaceChildren(judgement, factsOf(entry), title, cells, ...(erasable ? [this.#eraser(entry)] : []));
  }

  #eraser({ id }) {
    const reason = element("input", { name: "reason", required: true, maxLength: 500, autocomplete: "off" });
    const form = element("form", {},
      element("p", {}, "Erasing takes this prediction, and its picture if one was kept, for good. The audit notes it."),
      element("label", {}, "Why it is erased", reason), element("button", { className: "danger" }, "Erase for good"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("hv-erase", { bubbles: true, detail: { id, reason: reason.value } }));
    });
    return element("details", { className: "eraser" }, element("summary", {}, "Erase this entry"), form);
  }
}

function factsOf({ at, model, model_sha256: sha256, image, seen, milliseconds }) {
  const facts = [
    ["Recorded", `${moment(at)} UTC`],
    ["Model", `${model.name} ${model.version}`],
    ["SHA-256 of it", sha256, "sha"],
    ["Picture", `${image.width} × ${image.height} px`],
    ["SHA-256 of it", image.sha256, "sha"],
    ["Seen", seenWords(seen)],
    ["Took", `${milliseconds.total.toFixed(1)} ms`],
  ];
  return element("dl", {}, ...facts.map(([name, value, className = ""]) => (
    element("div", {}, element("dt", {}, name), element("dd", { className }, value)))));
}

function cellOf(cell) {
  const { x, y, width, height } = cell.box;
  const place = element("p", { className: "quiet" }, `${width} × ${height} px, at ${x}, ${y}`);
  const judgement = Object.assign(element("hv-judgement"), { judgement: cell });
  return element("li", {}, element("details", {}, element("summary", {}, cellWords(cell)), judgement, place));
}

customElements.define("hv-entry", Entry);
