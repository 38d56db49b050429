/**
 * Every class with its probability, the likeliest first: a table for readers, bars for eyes.
 *
 *   const bars = document.createElement("hv-probabilities");
 *   bars.probabilities = [{ label: "neutrophil", probability: 0.97 }, ...];     shown as received
 */
import { element } from "../element.js";
import { perCent, words } from "../words.js";

const CAPTION = "Probability of each class";

class Probabilities extends HTMLElement {
  set probabilities(probabilities) {
    const sorted = probabilities.toSorted((a, b) => b.probability - a.probability);
    const caption = element("caption", {}, element("span", { className: "for-readers" }, CAPTION));
    this.replaceChildren(element("table", {}, caption, element("tbody", {}, ...sorted.map(row))));
  }
}

function row({ label, probability }) {
  const bar = element("span", { className: "bar" }, element("span"));
  bar.firstElementChild.style.setProperty("inline-size", `${probability * 100}%`);
  return element("tr", {},
    element("th", { scope: "row" }, words(label)),
    element("td", {}, element("div", {}, bar, element("span", { className: "share" }, perCent(probability)))));
}

customElements.define("hv-probabilities", Probabilities);
