/**
 * A status in a shape, a colour and a word.
 *
 *   const status = document.createElement("hv-status");
 *   status.status = "confident";        a cell's or an answer's status, or a picture's state
 */
import { icon } from "../element.js";
import { statusWord } from "../words.js";

const DRAWN = new Set([
  "confident", "check", "unfamiliar", "no_cells", "not_a_smear", "waiting", "sending", "failed", "stopped",
]);

class Status extends HTMLElement {
  set status(status) {
    this.dataset.status = status;
    this.replaceChildren(icon(DRAWN.has(status) ? status : "unfamiliar"), statusWord(status));
  }
}

customElements.define("hv-status", Status);
