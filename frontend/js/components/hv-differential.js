/**
 * The pre-classification of all pictures, as the service counts it: nothing here is computed.
 *
 *   <hv-differential></hv-differential>
 *   panel.count = { busy, problem, result, ids, drop, pictures };      of counting; null hides it
 *   panel.wanted = 200;                                               white cells to count to
 *
 * Events: hv-count-again, and those of hv-count-options and hv-places.
 */
import { element } from "../element.js";
import { several } from "../words.js";
import "./hv-count-options.js";
import "./hv-places.js";
import "./hv-problem.js";
import "./hv-shares.js";

class Differential extends HTMLElement {
  #options = element("hv-count-options");
  #body = element("div", { className: "body" });
  #doubts = element("hv-places");
  #section = element("section");

  connectedCallback() {
    const title = element("h2", { id: "differential-title", tabIndex: -1 }, "Pre-classification");
    const about = element("p", { className: "quiet" }, "All pictures here are counted as one smear.");
    this.#section.setAttribute("aria-labelledby", title.id);
    this.#section.append(title, about, this.#options, this.#body, this.#doubts);
    this.append(this.#section);
    this.hidden = true;
  }

  set wanted(wanted) { this.#options.wanted = wanted; }

  set count(count) {
    this.hidden = !count;
    if (!count) return;
    const { busy, problem, result } = count;
    this.#section.setAttribute("aria-busy", String(busy));
    if (problem) this.#body.replaceChildren(this.#failed(problem));
    if (result && !busy) this.#body.replaceChildren(...bodyOf(result));
    if (!busy) this.#doubts.count = count;
  }

  #failed(problem) {
    const message = Object.assign(element("hv-problem"), { problem });
    const again = element("button", { type: "button" }, "Count again");
    again.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("hv-count-again", { bubbles: true }));
    });
    return element("div", { className: "failed" }, message, again);
  }
}

function bodyOf(result) {
  const line = (text, className = "") => element("p", { className }, text);
  return [
    line(result.message, "message"),
    progressOf(result),
    Object.assign(element("hv-shares"), { result }),
    element("ul", { className: "notes" }, ...notesOf(result).map((note) => element("li", {}, note))),
    line(result.interval_message, "quiet"),
  ];
}

function progressOf({ white_cells: counted, wanted, pictures }) {
  const bar = element("progress", { value: Math.min(counted, wanted), max: wanted });
  bar.setAttribute("aria-label", `White cells counted, of ${wanted} wanted`);
  const words = `${several(counted, "white cell")} in ${several(pictures, "picture")}`;
  return element("div", { className: "progress" }, element("p", {}, words), bar);
}

/** The service's sentences, and in words what it answered as figures alone. */
function notesOf(result) {
  const notes = [...result.notes];
  if (result.widest_interval !== null) {
    notes.push(`The widest interval spans ${result.widest_interval.toFixed(1)} percentage points.`);
  }
  if (result.cells_needed !== null) {
    notes.push(result.cells_needed === 0
      ? "It is within the limit asked for."
      : `${several(result.cells_needed, "more white cell")} bring it within the limit asked for.`);
  }
  if (result.white_count) notes.push(result.white_count.message);
  return notes;
}

customElements.define("hv-differential", Differential);
