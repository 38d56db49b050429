/**
 * What else is read off a cell: attributes as people name them, and a leaning to a finer class, each as right as it was
 * where it was measured. Nothing of it is counted.
 *
 *   const readings = document.createElement("hv-readings");
 *   readings.shown = { readings: cell.why.readings, rows: model.metrics.readouts };
 */
import { element } from "../element.js";
import { perCent, words } from "../words.js";

let open = false; // whoever has opened one wants the next cell's, too

class Readings extends HTMLElement {
  set shown({ readings, rows }) {
    const leanings = readings.filter(({ leaning }) => leaning).map((reading) => leaningOf(reading, rows[reading.name]));
    const attributes = readings.filter(({ leaning }) => !leaning);
    this.replaceChildren(...leanings, ...(attributes.length ? [tableOf(attributes, rows)] : []));
  }
}

const likeliest = ({ values }) => values.reduce((best, each) => (each.probability > best.probability ? each : best));

function leaningOf(reading, row) {
  const { value, probability } = likeliest(reading);
  const measured = row ? ` Right for ${perCent(row.accuracy)} of ${row.n} cells of ${words(row.lab)}.` : "";
  return element("p", { className: "leaning" },
    element("span", {}, "Leans to "), element("strong", {}, words(value).toLowerCase()), ` ${perCent(probability)}. `,
    element("span", { className: "quiet" }, `A leaning is never counted.${measured}`));
}

function tableOf(attributes, rows) {
  const head = element("tr", {}, ...["Attribute", "Read as", "Probability", "Right"].map((name) => (
    element("th", { scope: "col" }, name)
  )));
  const lines = attributes.map((reading) => {
    const { value, probability } = likeliest(reading);
    const bar = element("span", { className: "bar" }, element("span"));
    bar.firstElementChild.style.setProperty("inline-size", `${probability * 100}%`);
    return element("tr", {},
      element("th", { scope: "row" }, words(reading.name)), element("td", {}, words(value)),
      element("td", {}, element("div", {}, bar, element("span", { className: "share" }, perCent(probability)))),
      element("td", { className: "right" }, rows[reading.name] ? perCent(rows[reading.name].accuracy) : "–"));
  });
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
  const { lab, n } = rows[attributes[0].name] ?? {};
  const where = lab ? `“Right”: on about ${n} cells of ${words(lab)}, where it was learned; elsewhere unknown.` : "";
  const details = element("details", { open }, element("summary", {}, "Read off the cell"), table,
    element("p", { className: "quiet" }, where));
  details.addEventListener("toggle", () => { open = details.open; });
  return details;
}

customElements.define("hv-readings", Readings);
