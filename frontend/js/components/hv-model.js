/**
 * What is known of the model: what it learned from, what it takes, and how it scored, as the API tells it.
 *
 *   <hv-model></hv-model>
 *   panel.model = model;                null while unknown
 */
import { element } from "../element.js";
import { byteSize, perCent, words } from "../words.js";
import "./hv-scores.js";

class Model extends HTMLElement {
  set model(model) {
    if (!model) return this.replaceChildren();
    const name = element("span", { className: "name" }, `${model.name} ${model.version}`);
    const title = element("h2", { id: "model-title" }, "The model ", name);
    const section = element("section", {}, title, factsOf(model));
    section.setAttribute("aria-labelledby", title.id);
    const { bundle: rows = {}, recipe = {} } = model.metrics ?? {};
    if (Object.keys(rows).length + Object.keys(recipe).length) {
      section.append(Object.assign(element("hv-scores"), { scores: { rows, recipe, labs: model.labs } }));
    }
    this.replaceChildren(section);
  }
}

function factsOf({ labels, labs, confident_from: confidentFrom, limits }) {
  const smallest = `${limits.min_side} × ${limits.min_side} px to ${(limits.max_pixels / 1e6).toFixed(0)} megapixels`;
  const facts = [
    ["Learned from", labs.join(", ")],
    ["Confident from", `${perCent(confidentFrom)}, if much like cells it remembers`],
    ["Knows", labels.map((label) => words(label).toLowerCase()).join(", ")],
    ["Takes", `${limits.formats.join(", ")}; ${smallest}; up to ${byteSize(limits.max_bytes)}`],
  ];
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return list;
}

customElements.define("hv-model", Model);
