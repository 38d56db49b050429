/**
 * The cells of all pictures, grouped by class, the doubtful first.
 *
 *   <hv-gallery></hv-gallery>
 *   gallery.pictures = store.pictures;          when some came, went or were answered: only what is new is drawn
 *   gallery.picked = { id, at };
 *   gallery.count = { result, ids, drop };      of counting; what the service counted stands beside each class
 *   gallery.order = ["monocyte", ...];          the classes that a person prefers first
 *   gallery.go("monocyte");                     to the cells of a class: the focus and the first of them
 *   gallery.beside({ id, at }, 1);              the next cell's place, or null
 *
 * Event: hv-pick (detail: { id, at }).
 */
import { element } from "../element.js";
import { doubtfulFirst, groupOf, groupsOf } from "../order.js";
import "./hv-group.js";

class Gallery extends HTMLElement {
  #groups = new Map(); // label -> hv-group
  #shown = new Map(); // picture id -> its answer
  #body = element("div", { className: "groups" });
  #order = [];

  connectedCallback() {
    const title = element("h2", { id: "gallery-title" }, "Cells by class ");
    title.append(element("span", { className: "quiet" }, "the doubtful first"));
    const section = element("section", {}, title, this.#body);
    section.setAttribute("aria-labelledby", title.id);
    this.append(section);
    this.hidden = true;
  }

  set pictures(pictures) {
    const answered = pictures.filter(({ answer }) => answer);
    const staying = new Set(answered.map(({ id }) => id));
    for (const id of this.#shown.keys()) if (!staying.has(id)) this.#takeAway(id);
    for (const picture of answered) if (!this.#shown.has(picture.id)) this.#add(picture);
  }

  set picked(place) {
    for (const group of this.#groups.values()) group.picked = place;
  }

  set count({ result, ids, drop }) {
    const counts = new Map(result?.classes.map((each) => [each.label, each]));
    if (result) counts.set("erythroblast", result.erythroblasts).set("platelet", { count: result.platelets });
    for (const [label, group] of this.#groups) {
      group.count = counts.get(label) ?? null;
      group.dropped = drop;
    }
  }

  set order(order) {
    this.#order = order;
    const [first] = [...this.#shown.values()].flatMap(({ cells }) => cells);
    if (!first) return;
    for (const label of groupsOf(first, order)) if (this.#groups.has(label)) this.#body.append(this.#groups.get(label));
  }

  go(label) { this.#groups.get(label)?.go(); }

  beside({ id, at }, step) {
    const all = [...this.querySelectorAll("[role=option]")];
    const now = all.findIndex((option) => option.place.id === id && option.place.at === at);
    return all[now + step]?.place ?? null;
  }

  #add(picture) {
    this.#shown.set(picture.id, picture.answer);
    picture.answer.cells.forEach((cell, at) => this.#groupFor(cell).add({ picture, at, cell }, doubtfulFirst));
  }

  #takeAway(id) {
    this.#shown.delete(id);
    for (const [label, group] of this.#groups) {
      group.takeAway(id);
      if (group.size) continue;
      group.remove();
      this.#groups.delete(label);
    }
  }

  #groupFor(cell) {
    const label = groupOf(cell);
    if (this.#groups.has(label)) return this.#groups.get(label);
    const group = Object.assign(element("hv-group"), { label });
    const order = groupsOf(cell, this.#order);
    const next = [...this.#body.children].find((other) => order.indexOf(other.label) > order.indexOf(label));
    this.#body.insertBefore(group, next ?? null);
    this.#groups.set(label, group);
    return group;
  }
}

customElements.define("hv-gallery", Gallery);
