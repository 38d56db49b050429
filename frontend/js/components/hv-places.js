/**
 * The cells a count leaves to a person: held back, perhaps photographed twice, taken out; and pictures that came twice.
 *
 *   const places = document.createElement("hv-places");
 *   places.count = { result, ids, drop, pictures };      `pictures` are the store's
 *
 * Events: hv-pick, hv-drop and hv-put-back (detail of each: { id, at }).
 */
import { element } from "../element.js";
import { words } from "../words.js";
import "./hv-thumbnail.js";

const WHY = { unfamiliar: "Unfamiliar", edge: "Cut by the edge" };

class Places extends HTMLElement {
  #pictures = new Map(); // id -> picture
  #ids = [];
  #shown = "";
  #open = new Set(["Perhaps one cell, photographed twice"]); // titles of the parts that stand open

  set count({ result, ids, drop, pictures }) {
    this.#pictures = new Map(pictures.map((picture) => [picture.id, picture]));
    this.#ids = ids;
    const parts = result && [result.overlaps, result.held_back, result.identical, drop, ids];
    if (JSON.stringify(parts) === this.#shown) return; // so that the focus stays while pictures stream in
    this.#shown = JSON.stringify(parts);
    const focused = this.contains(document.activeElement);
    this.replaceChildren(...(result ? this.#parts(result, drop) : []));
    if (focused) (this.querySelector("summary") ?? document.querySelector("#differential-title"))?.focus();
  }

  #parts({ overlaps, held_back: heldBack, identical }, drop) {
    const limit = `${heldBack.share.toFixed(1)} % of the cells; shares are given up to ${heldBack.limit} %`;
    return [
      this.#part("Perhaps one cell, photographed twice", overlaps.map((pair) => this.#pair(pair))),
      this.#part("Held back, not counted", heldBack.cells.map((cell) => this.#heldBack(cell)), limit),
      this.#part("Dropped", drop.map((place) => this.#dropped(place))),
      this.#part("Pictures that came twice", identical.map((pair) => this.#twice(pair))),
    ].filter(Boolean);
  }

  #part(title, items, sentence = "") {
    const there = items.filter(Boolean);
    if (!there.length) return null;
    const part = element("details", { open: this.#open.has(title) }, element("summary", {}, title));
    part.addEventListener("toggle", () => this.#open[part.open ? "add" : "delete"](title));
    if (sentence) part.append(element("p", { className: "quiet" }, sentence));
    part.append(element("ul", {}, ...there));
    return part;
  }

  #pair({ first, second }) {
    const sides = [first, second].map((place) => this.#place(place));
    if (!sides.every(Boolean)) return null;
    return element("li", { className: "pair" }, ...sides.map((side) => (
      element("div", {}, this.#cell(side), this.#act("hv-drop", "Drop", side))
    )));
  }

  #heldBack({ place, reason, label }) {
    const side = this.#place(place);
    if (!side) return null;
    const why = [WHY[reason] ?? words(reason), ...(label ? [words(label)] : [])].join(": ");
    return element("li", { className: "one" }, this.#cell(side, why));
  }

  #dropped({ id, at }) {
    const picture = this.#pictures.get(id);
    if (!picture) return null;
    return element("li", { className: "one" },
      this.#cell({ id, at, picture }), this.#act("hv-put-back", "Put back", { id, at, picture }));
  }

  #twice({ picture, same_as: earlier }) {
    const [one, other] = [picture, earlier].map((at) => this.#pictures.get(this.#ids[at])?.file.name);
    if (!one || !other) return null;
    return element("li", {}, `${one} is the same picture as ${other}, and counts once.`);
  }

  /** From the service's positions to the page's pictures; null for one that went meanwhile. */
  #place({ picture: position, cell: at }) {
    const id = this.#ids[position];
    const picture = this.#pictures.get(id);
    return picture ? { id, at, picture } : null;
  }

  /** A thumbnail to look at the cell where it lies. */
  #cell({ id, at, picture }, why = "") {
    const thumbnail = Object.assign(element("hv-thumbnail"), { cell: { picture, at } });
    const { name } = picture.file;
    const said = element("span", { className: "said" }, element("span", { className: "name" }, name));
    if (why) said.prepend(element("span", {}, why));
    const button = element("button", { type: "button", className: "look" }, thumbnail, said);
    button.addEventListener("click", () => this.#tell("hv-pick", { id, at }));
    return button;
  }

  #act(type, text, { id, at, picture }) {
    const button = element("button", { type: "button" }, text);
    button.append(element("span", { className: "for-readers" }, ` the cell in ${picture.file.name}`));
    button.addEventListener("click", () => this.#tell(type, { id, at }));
    return button;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

customElements.define("hv-places", Places);
