/**
 * The cells of one class as thumbnails: a list of options, walked by arrow keys.
 *
 *   const group = document.createElement("hv-group");
 *   group.label = "neutrophil";
 *   group.add({ picture, at, cell }, compare);      put in its place; nothing else moves
 *   group.takeAway(id);                             the cells of a picture that went
 *   group.picked = { id, at };
 *   group.count = { count, to_check };              as the service counted, or null
 *   group.go();                                     the focus, and the first cell
 *   group.dropped = [{ id, at }];                   cells a person took out
 *
 * Event: hv-pick (detail: { id, at }).
 */
import { element, icon } from "../element.js";
import { cellWords, givenLabel, perCent, several, words } from "../words.js";
import "./hv-thumbnail.js";

const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

class Group extends HTMLElement {
  #list = element("div", { className: "cells", tabIndex: 0 });
  #count = element("span", { className: "quiet" });

  set label(label) {
    this.#label = label;
    const title = element("h3", { id: `group-${label}` }, words(label), " ", this.#count);
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", words(label));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", ({ target }) => this.#pick(target.closest("[role=option]")));
    this.replaceChildren(title, this.#list);
  }
  get label() { return this.#label; }
  #label = null;

  go() {
    this.#list.focus();
    this.#pick(this.#list.firstElementChild);
  }

  get size() { return this.#list.childElementCount; }

  add({ picture, at, cell }, compare) {
    const option = optionOf(picture, at, cell);
    const next = [...this.#list.children].find((other) => compare(option.cell, other.cell) < 0);
    this.#list.insertBefore(option, next ?? null);
  }

  takeAway(id) {
    for (const option of [...this.#list.children]) if (option.place.id === id) option.remove();
  }

  set picked({ id, at }) {
    this.#list.removeAttribute("aria-activedescendant");
    for (const option of this.#list.children) {
      const picked = option.place.id === id && option.place.at === at;
      option.setAttribute("aria-selected", String(picked));
      if (picked) this.#list.setAttribute("aria-activedescendant", option.id);
      if (picked && this.#list === document.activeElement) option.scrollIntoView({ block: "nearest" });
    }
  }

  set count(count) {
    const parts = count ? [`${count.count.toLocaleString("en-GB")} counted`] : [];
    if (count?.to_check) parts.push(`${several(count.to_check, "cell")} to check`);
    this.#count.textContent = parts.join(", ");
  }

  set dropped(drop) {
    for (const option of this.#list.children) {
      const { id, at } = option.place;
      option.toggleAttribute("data-dropped", drop.some((place) => place.id === id && place.at === at));
    }
  }

  #key(event) {
    const step = KEYS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const options = [...this.#list.children];
    const now = options.findIndex((option) => option.ariaSelected === "true");
    const next = now < 0 ? 0 : now + step;
    this.#pick(options[Math.min(options.length - 1, Math.max(0, next))]);
  }

  #pick(option) {
    if (option) this.dispatchEvent(new CustomEvent("hv-pick", { bubbles: true, detail: option.place }));
  }
}

function optionOf(picture, at, cell) {
  const thumbnail = Object.assign(element("hv-thumbnail"), { cell: { picture, at } });
  const sure = givenLabel(cell) ? perCent(cell.confidence) : "–";
  const doubt = cell.status === "confident" ? [] : [icon(cell.status)];
  const bar = element("span", { className: "bar" }, element("span"));
  bar.firstElementChild.style.setProperty("inline-size", `${100 * (cell.confidence ?? 0)}%`);
  const caption = element("span", { className: "sure" }, ...doubt, element("span", { className: "figure" }, sure), bar);
  caption.setAttribute("aria-hidden", "true");
  const said = element("span", { className: "for-readers" }, `${cellWords(cell)}, in ${picture.file.name}`);
  const option = element("div", { id: `thumbnail-${picture.id}-${at}`, className: "cell" }, thumbnail, caption, said);
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.dataset.status = cell.status;
  option.title = picture.file.name;
  return Object.assign(option, { place: { id: picture.id, at }, cell });
}

customElements.define("hv-group", Group);
