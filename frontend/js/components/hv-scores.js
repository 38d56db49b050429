/**
 * How the model scored, a row per laboratory: a figure without its laboratory means nothing. Beneath it, how the same
 * recipe scored at each laboratory that it was never shown.
 *
 *   const scores = document.createElement("hv-scores");
 *   scores.scores = { rows: metrics.bundle, recipe: metrics.recipe, labs: model.labs };      labs: learned from
 */
import { element } from "../element.js";
import { perCent } from "../words.js";

const COLUMNS = ["Laboratory", "Cells", "Right", "95% interval", "Macro-F1", "Confident", "Right when confident"];
const FOUND = "Nucleated cells found"; // only the recipe's rows know it

class Scores extends HTMLElement {
  set scores({ rows, recipe, labs }) {
    const columns = Object.keys(recipe).length ? [...COLUMNS, FOUND] : COLUMNS;
    const own = Object.entries(rows).map(([lab, row]) => (
      line(lab, labs.includes(lab) ? "learned from" : "never seen", figuresOf(row), columns.length - 1)
    ));
    const left = Object.entries(recipe).map(([lab, { classifier, locator }]) => (
      line(lab, "never seen", [...figuresOf(classifier), shown(locator?.nucleated?.recall)], columns.length - 1)
    ));
    const caption = element("caption", {}, "Scores on pictures that took part in no choice");
    const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
    const table = element("table", {}, caption, element("thead", {}, head),
      ...group("This model", own, columns), ...group("The same recipe, trained without the laboratory", left, columns));
    const window = element("div", { tabIndex: 0 }, table); // reachable by keyboard, where it scrolls sideways
    window.setAttribute("role", "region");
    window.setAttribute("aria-label", "Scores");
    this.replaceChildren(window);
  }
}

function group(title, lines, columns) {
  if (!lines.length) return [];
  const heading = element("th", { scope: "rowgroup", colSpan: columns.length, className: "group" }, title);
  return [element("tbody", {}, element("tr", {}, heading), ...lines)];
}

function figuresOf(row) {
  const confident = row?.by_status?.confident;
  return [
    row?.n?.toLocaleString("en-GB"),
    shown(row?.accuracy),
    row?.accuracy_interval?.map(perCent).join(" to "),
    shown(row?.macro_f1),
    shown(confident?.share),
    shown(confident?.accuracy),
  ];
}

function line(lab, home, figures, columns) {
  const cells = Array.from({ length: columns }, (_, at) => element("td", {}, figures[at] ?? "–"));
  const name = element("th", { scope: "row" }, lab, element("span", { className: "quiet" }, ` ${home}`));
  return element("tr", {}, name, ...cells);
}

const shown = (share) => (typeof share === "number" ? perCent(share) : null);

customElements.define("hv-scores", Scores);
