/**
 * Every class with its count, its share, and the interval as a whisker. All figures are the service's.
 *
 *   const shares = document.createElement("hv-shares");
 *   shares.result = result;             of POST /differential
 */
import { element } from "../element.js";
import { range, words } from "../words.js";

const UNIT = "× 10⁹/L";

class Shares extends HTMLElement {
  set result(result) {
    const counts = result.counts_only || !result.white_cells;
    const columns = ["Class", "Cells", ...(counts ? [] : ["%", "95 % interval"])];
    const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)));
    const caption = element("caption", { className: "for-readers" }, "White cells by class");
    const held = result.held_back.cells.length > 0;
    const lines = result.classes.map((each) => classRow(each, counts, held));
    this.replaceChildren(
      element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...lines)),
      ...(counts ? [] : [keyOf(held)]),
      apartOf(result, counts),
    );
  }
}

function classRow(each, counts, held) {
  const name = element("th", { scope: "row" }, words(each.label), ...toCheck(each));
  const row = element("tr", {}, name, element("td", {}, each.count.toLocaleString("en-GB")));
  if (!each.count) row.className = "none";
  if (counts) return row;
  const figures = element("div", { className: "figures" }, element("span", {}, range(each.interval)));
  if (held) figures.append(element("span", {}, `held back: ${range(each.range)}`));
  if (each.absolute) figures.append(element("span", {}, amount(each.absolute)));
  row.append(element("td", {}, String(each.percentage)), element("td", {}, chartOf(each, held), figures));
  return row;
}

function toCheck({ to_check: count }) {
  return count ? [element("span", { className: "to-check" }, `${count} to check`)] : [];
}

const amount = ({ value, interval }) => `${value.toFixed(2)} (${range(interval, 2)}) ${UNIT}`;

/** 0 to 100 % across; the same figures stand beneath in words. */
function chartOf({ percentage, interval, range: reach }, held) {
  const chart = element("div", { className: "chart" });
  chart.setAttribute("aria-hidden", "true");
  if (held) chart.append(span("band", reach));
  chart.append(span("whisker", interval), span("dot", { low: percentage, high: percentage }));
  return chart;
}

function span(className, { low, high }) {
  const drawn = element("span", { className });
  drawn.style.setProperty("inset-inline-start", `${low}%`);
  drawn.style.setProperty("inline-size", `${high - low}%`);
  return drawn;
}

function keyOf(held) {
  const texts = [["dot", "share"], ["whisker", "95 % interval"]];
  if (held) texts.push(["band", "if none, or all, of those held back were of it"]);
  const key = element("ul", { className: "key" });
  for (const [drawn, text] of texts) {
    key.append(element("li", {}, element("span", { className: "chart" }, element("span", { className: drawn })), text));
  }
  return key;
}

function apartOf({ erythroblasts, platelets }, counts) {
  const list = element("dl");
  const said = [strong(erythroblasts.count), " counted", ...toCheck(erythroblasts)];
  if (!counts) {
    said.push(`, ${erythroblasts.per_100.toFixed(1)} (${range(erythroblasts.interval)}) per 100 white cells`);
    if (erythroblasts.absolute) said.push(`; ${amount(erythroblasts.absolute)}`);
  }
  const seen = [strong(platelets), " seen in these pictures, not a concentration"];
  for (const [name, parts] of [["Erythroblasts", said], ["Platelets", seen]]) {
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, ...parts)));
  }
  return list;
}

const strong = (count) => element("strong", {}, count.toLocaleString("en-GB"));

customElements.define("hv-shares", Shares);
