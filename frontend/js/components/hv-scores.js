/**
 * How the model scored, a row per laboratory: a figure without its laboratory means nothing.
 *
 *   const scores = document.createElement("hv-scores");
 *   scores.scores = { rows: model.metrics.bundle, labs: model.labs };      labs: those it learned from
 */
import { element } from "../element.js";
import { perCent } from "../words.js";

const COLUMNS = ["Laboratory", "Pictures", "Right", "95% interval", "Macro-F1", "Confident", "Right when confident"];

class Scores extends HTMLElement {
  set scores({ rows, labs }) {
    const caption = element("caption", {}, "Scores on pictures that took part in no choice");
    const head = element("tr", {}, ...COLUMNS.map((name) => element("th", { scope: "col" }, name)));
    const lines = Object.entries(rows).map(([lab, row]) => line(lab, row, labs.includes(lab)));
    const table = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...lines));
    const window = element("div", { tabIndex: 0 }, table); // reachable by keyboard, where it scrolls sideways
    window.setAttribute("role", "region");
    window.setAttribute("aria-label", "Scores");
    this.replaceChildren(window);
  }
}

function line(lab, row, learnedFrom) {
  const confident = row.by_status?.confident;
  const cells = [
    row.n?.toLocaleString("en-GB"),
    shown(row.accuracy),
    row.accuracy_interval?.map(perCent).join(" to "),
    shown(row.macro_f1),
    shown(confident?.share),
    shown(confident?.accuracy),
  ];
  const home = element("span", { className: "quiet" }, learnedFrom ? " learned from" : " never seen");
  return element("tr", {},
    element("th", { scope: "row" }, lab, home),
    ...cells.map((text) => element("td", {}, text ?? "–")));
}

const shown = (share) => (typeof share === "number" ? perCent(share) : null);

customElements.define("hv-scores", Scores);
