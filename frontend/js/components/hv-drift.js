/**
 * A laboratory's drift: for each model the shares of labels, of `check` and of `unfamiliar`, day by day, as the API
 * counted them. A drawing for eyes, a table for readers and for exact figures.
 *
 *   <hv-drift></hv-drift>
 *   drift.days = [...];                 as GET /history/statistics has them; none hides it
 */
import { element } from "../element.js";
import { perCent, several, words } from "../words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100; // of the shares, in units of the drawing; a day is 10 wide, its column 8
const SHARES = [["check", "Check"], ["unfamiliar", "Unfamiliar"]];

class Drift extends HTMLElement {
  set days(days) {
    this.hidden = !days.length;
    const byModel = Map.groupBy(days, ({ model }) => `${model.name} ${model.version}`);
    const labels = [...new Set(days.flatMap((day) => day.labels.map(({ label }) => label)))].sort();
    const figures = [...byModel].map(([model, its]) => figureOf(model, its.toReversed(), labels));
    this.replaceChildren(...figures);
  }
}

function figureOf(model, days, labels) {
  const title = element("h3", {}, "Day by day ", element("span", { className: "quiet" }, model));
  const span = days.length > 1 ? `${days[0].day} to ${days.at(-1).day}` : days[0].day;
  const drawings = [["Labels", (day) => stacked(day, labels)], ...SHARES.map(([name, text]) => [text, single(name)])]
    .map(([text, bars]) => element("div", { className: "drawing" },
      element("h4", {}, text), drawingOf(`${text}, share by day, ${span}`, days, bars)));
  const keys = labels.map((label, at) => element("li", { className: `class-${at % 8}` }, words(label)));
  return element("figure", {}, title, element("div", { className: "drawings" }, ...drawings),
    element("p", { className: "quiet" }, span), element("ul", { className: "keys" }, ...keys), tableOf(days, labels));
}

/** One column a day, on a ground of its full height; `bars` gives { share, className } from the ground up. */
function drawingOf(name, days, bars) {
  const drawing = shape("svg", { role: "img", "aria-label": name, preserveAspectRatio: "none" });
  drawing.setAttribute("viewBox", `0 0 ${Math.max(days.length, 10) * 10} ${HEIGHT}`);
  days.forEach((day, at) => {
    const column = { x: at * 10 + 1, width: 8 };
    drawing.append(shape("rect", { ...column, y: 0, height: HEIGHT, class: "ground" }));
    let y = HEIGHT;
    for (const { share, className } of bars(day)) {
      const height = share * HEIGHT;
      y -= height;
      drawing.append(shape("rect", { ...column, y, height, class: className }));
    }
  });
  return drawing;
}

function stacked(day, labels) {
  return day.labels.map(({ label, share }) => ({ share, className: `class-${labels.indexOf(label) % 8}` }));
}

const single = (name) => (day) => (day[name] === null ? [] : [{ share: day[name], className: name }]);

function tableOf(days, labels) {
  const heads = ["Day", "Pictures", ...SHARES.map(([, text]) => text), ...labels.map(words)];
  const rows = days.toReversed().map((day) => {
    const shares = new Map(day.labels.map(({ label, share }) => [label, share]));
    const figures = [...SHARES.map(([name]) => day[name]), ...labels.map((label) => shares.get(label) ?? 0)];
    return element("tr", {}, element("th", { scope: "row" }, day.day),
      element("td", {}, day.pictures.toLocaleString("en-GB")),
      ...figures.map((share) => element("td", {}, share === null ? "–" : perCent(share))));
  });
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows));
  const scroller = element("div", { className: "scroller", tabIndex: 0, role: "region", ariaLabel: "Figures by day" }, table);
  return element("details", {}, element("summary", {}, `Figures of ${several(days.length, "day")}`), scroller);
}

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

customElements.define("hv-drift", Drift);
