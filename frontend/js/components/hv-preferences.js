/**
 * What a person prefers: a button, and behind it the choices. They hold at once.
 *
 *   <hv-preferences></hv-preferences>
 *   panel.labels = model.labels;
 *   panel.preferences = { class_order, hot_keys, theme, confidence, wanted };      as GET /preferences has them
 *   panel.problem = problem;            why the last choice was not kept; null where it was
 *
 * Event: hv-prefer (detail: those that changed).
 */
import { dialogOf } from "../dialog.js";
import { element, icon } from "../element.js";
import { inOrder } from "../order.js";
import { words } from "../words.js";
import "./hv-problem.js";

const CHOICES = [
  ["theme", "Theme", [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]]],
  ["confidence", "Confidence on thumbnails", [["per_cent", "Per cent"], ["bar", "Bar"]]],
  ["wanted", "White cells wanted", [["100", "100"], ["200", "200"], ["400", "400"]]],
];

class Preferences extends HTMLElement {
  #labels = [];
  #preferences = null;
  #choices = new Map(CHOICES.map(([name, legend, options]) => [name, selectOf(name, legend, options)]));
  #classes = element("ol", { className: "classes" });
  #failed = element("div", { role: "alert" });
  #dialog = null;

  connectedCallback() {
    if (this.firstChild) return;
    const button = element("button", { type: "button", className: "bare", title: "Preferences" }, icon("preferences"));
    button.append(element("span", { className: "for-readers" }, "Preferences"));
    button.addEventListener("click", () => this.#dialog.showModal());
    for (const [name, select] of this.#choices) {
      select.addEventListener("change", () => {
        this.#prefer({ [name]: name === "wanted" ? Number(select.value) : select.value });
      });
    }
    const about = "The gallery shows the classes in this order; a class's key leads to its cells.";
    const body = element("div", { className: "body" }, this.#failed,
      ...[...this.#choices.values()].map((select) => select.parentElement),
      element("h3", {}, "Classes"), element("p", { className: "quiet" }, about), this.#classes);
    this.#dialog = dialogOf("preferences", "Preferences", body);
    this.append(button, this.#dialog);
  }

  set labels(labels) {
    this.#labels = labels;
    this.#draw();
  }

  set preferences(preferences) {
    this.#preferences = preferences;
    this.#draw();
  }

  set problem(problem) {
    this.#failed.replaceChildren(...(problem ? [Object.assign(element("hv-problem"), { problem })] : []));
    this.#draw();
  }

  #draw() {
    if (!this.#preferences) return;
    for (const [name, select] of this.#choices) select.value = String(this.#preferences[name]);
    const focused = document.activeElement?.dataset?.place;
    const ordered = inOrder(this.#labels, this.#preferences.class_order);
    this.#classes.replaceChildren(...ordered.map((label, at) => this.#row(label, at, ordered)));
    if (focused) this.#classes.querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(label, at, ordered) {
    const key = element("input", { value: this.#preferences.hot_keys[label] ?? "", maxLength: 1, size: 1 });
    key.setAttribute("aria-label", `Key for ${words(label).toLowerCase()}`);
    key.dataset.place = `${label} key`;
    key.addEventListener("change", () => {
      const others = Object.entries(this.#preferences.hot_keys).filter(([other]) => other !== label);
      const pressed = key.value.trim().toLowerCase();
      this.#prefer({ hot_keys: Object.fromEntries(pressed ? [...others, [label, pressed]] : others) });
    });
    return element("li", {}, element("span", {}, words(label)), key,
      this.#move("Up", label, at, -1, ordered), this.#move("Down", label, at, 1, ordered));
  }

  #move(text, label, at, step, ordered) {
    const button = element("button", { type: "button" }, text);
    button.setAttribute("aria-label", `${words(label)} ${text.toLowerCase()}`);
    button.dataset.place = `${label} ${text}`;
    const there = at + step;
    button.setAttribute("aria-disabled", String(!(there in ordered)));
    button.addEventListener("click", () => {
      if (!(there in ordered)) return;
      this.#prefer({ class_order: ordered.with(at, ordered[there]).with(there, label) });
    });
    return button;
  }

  #prefer(detail) {
    this.dispatchEvent(new CustomEvent("hv-prefer", { bubbles: true, detail }));
  }
}

function selectOf(name, legend, options) {
  const select = element("select", { name }, ...options.map(([value, text]) => element("option", { value }, text)));
  element("label", { className: "choice" }, legend, select);
  return select;
}

customElements.define("hv-preferences", Preferences);
