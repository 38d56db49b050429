/**
 * A picture on a canvas with its cells marked: zoom, pan, pick. For readers a list of cells, walked by arrow keys.
 *
 *   const field = document.createElement("hv-field");
 *   field.picture = picture;            one of the store's
 *   field.picked = at;                  a position in the answer's `cells`, or null
 *   field.names = true;                 tags with the classes
 *   field.red = cells;                  boxes of red cells, or null
 *   field.why = true;                   where the picked cell's label was seen
 *   field.closer(); field.farther(); field.fit();
 *
 * Events: hv-pick (detail: { id, at }), hv-zoomed (the view has changed: `field.zoomed`).
 */
import { bitmapOf } from "../drawable.js";
import { element } from "../element.js";
import { followGestures } from "../gestures.js";
import { styleOf, drawMark, drawName, drawRed } from "../marks.js";
import { drawWhy } from "../why.js";
import { View } from "../view.js";
import { cellUnder, walk } from "../walking.js";
import { cellWords } from "../words.js";

class Field extends HTMLElement {
  #canvas = element("canvas");
  #view = new View();
  #room = { width: 0, height: 0 };
  #picture = null;
  #bitmap = null;
  #size = null; // of the picture whose id is #sizeOf
  #sizeOf = null;
  #listed = null; // the answer whose cells stand as options, and its picture's id
  #listedOf = null;
  #picked = null;
  #hovered = null;
  #names = true;
  #red = null;
  #why = false;
  #drawing = 0;
  #watch = new ResizeObserver(() => this.#measure());

  constructor() {
    super();
    const changed = () => this.#changed();
    followGestures(this, this.#view, {
      changed,
      tapped: (point) => this.#pick(this.#under(point)),
      hovered: (point) => this.#hover(point && this.#under(point)),
    });
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  connectedCallback() {
    this.tabIndex = 0;
    this.#canvas.setAttribute("aria-hidden", "true");
    this.prepend(this.#canvas);
    this.#watch.observe(this);
  }

  disconnectedCallback() {
    this.#watch.disconnect();
  }

  set picture(picture) {
    const another = picture.id !== this.#picture?.id;
    this.#picture = picture;
    if (another) this.#decode(picture);
    if (another) this.#hovered = this.#picked = this.#red = null;
    this.#list();
    this.#place();
  }

  set picked(at) {
    this.#picked = at;
    for (const option of this.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(Number(option.dataset.at) === at));
    }
    if (at === null) this.removeAttribute("aria-activedescendant");
    else this.setAttribute("aria-activedescendant", this.#optionId(at));
    if (this.#cells[at]) this.#view.reveal(this.#cells[at].box);
    this.#changed();
  }

  set names(names) {
    this.#names = names;
    this.#draw();
  }

  set red(cells) {
    this.#red = cells;
    this.#draw();
  }

  set why(why) {
    this.#why = why;
    this.#draw();
  }

  get zoomed() { return this.#view.zoomed; }

  closer() { this.#move(() => this.#view.closer()); }
  farther() { this.#move(() => this.#view.farther()); }
  fit() { this.#move(() => this.#view.fit()); }

  get #cells() { return this.#picture?.answer?.cells ?? []; }

  async #decode({ id, file }) {
    this.#bitmap?.close();
    this.#bitmap = null;
    this.removeAttribute("data-undrawn");
    const bitmap = await bitmapOf(file);
    if (this.#picture.id !== id) return bitmap?.close();
    this.#bitmap = bitmap;
    this.toggleAttribute("data-undrawn", !bitmap);
    this.#place();
  }

  /** The cells in words: the canvas is for eyes. */
  #list() {
    if (this.#listed === this.#picture.answer && this.#listedOf === this.#picture.id) return;
    this.#listed = this.#picture.answer;
    this.#listedOf = this.#picture.id;
    const options = this.#cells.map((cell, at) => {
      const option = element("div", { id: this.#optionId(at), className: "for-readers" }, cellWords(cell));
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.at = at;
      return option;
    });
    const { name } = this.#picture.file;
    this.setAttribute("role", options.length ? "listbox" : "img");
    this.setAttribute("aria-label", options.length ? `Cells in ${name}` : `The picture ${name}`);
    this.removeAttribute("aria-activedescendant");
    this.replaceChildren(this.#canvas, ...options);
  }

  #optionId(at) { return `cell-${this.#picture.id}-${at}`; }

  #measure() {
    this.#room = { width: this.clientWidth, height: this.clientHeight };
    this.#canvas.width = Math.round(this.#room.width * devicePixelRatio);
    this.#canvas.height = Math.round(this.#room.height * devicePixelRatio);
    this.#place();
  }

  /** The answer knows the size of the whole picture; the bitmap may have been reduced. */
  #place() {
    const size = this.#picture?.answer?.image ?? this.#bitmap;
    if (!size || !this.#room.width) return this.#draw();
    const same = this.#size?.width === size.width && this.#size.height === size.height;
    this.#size = same && this.#sizeOf === this.#picture.id ? this.#size : { width: size.width, height: size.height };
    this.#sizeOf = this.#picture.id;
    this.#view.set({ picture: this.#size, room: this.#room });
    this.#changed();
  }

  #under(point) { return cellUnder(this.#view.inPicture(point), this.#cells); }

  #hover(at) {
    if (at === this.#hovered) return;
    this.#hovered = at;
    this.toggleAttribute("data-over", at !== null);
    this.#draw();
  }

  #key(event) {
    const zoom = { "+": "closer", "=": "closer", "-": "farther", 0: "fit" }[event.key];
    const at = walk(event.key, this.#cells, this.#picked);
    if (event.ctrlKey || event.metaKey || event.altKey || (at === null && !zoom)) return;
    event.preventDefault();
    if (zoom) this[zoom]();
    else this.#pick(at);
  }

  #pick(at) {
    if (at === null) return;
    this.dispatchEvent(new CustomEvent("hv-pick", { bubbles: true, detail: { id: this.#picture.id, at } }));
  }

  #move(how) {
    how();
    this.#changed();
  }

  #changed() {
    this.toggleAttribute("data-zoomed", this.#view.zoomed);
    this.dispatchEvent(new CustomEvent("hv-zoomed"));
    this.#draw();
  }

  #draw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#paint();
    });
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.#room.width, this.#room.height);
    if (!this.#size) return;
    const whole = this.#view.onScreen({ x: 0, y: 0, ...this.#size });
    context.imageSmoothingQuality = "high";
    if (this.#bitmap) context.drawImage(this.#bitmap, whole.x, whole.y, whole.width, whole.height);
    const look = { ...styleOf(this), room: this.#room };
    const why = this.#why ? this.#cells[this.#picked]?.why : null;
    if (why) drawWhy(context, why, this.#view.onScreen({ ...why, width: why.side, height: why.side }), look.colours.why);
    for (const { box } of this.#red ?? []) drawRed(context, this.#view.onScreen(box), look.colours);
    const inFront = (at) => (at === this.#picked ? 2 : Number(at === this.#hovered));
    const order = this.#cells.map((_, at) => at).sort((a, b) => inFront(a) - inFront(b));
    for (const at of order) this.#mark(context, at, look);
    for (const at of order) this.#name(context, at, look);
  }

  #mark(context, at, look) {
    const cell = this.#cells[at];
    const how = { ...look, picked: at === this.#picked, hovered: at === this.#hovered };
    drawMark(context, cell, this.#view.onScreen(cell.box), how);
  }

  #name(context, at, look) {
    const cell = this.#cells[at];
    const picked = at === this.#picked;
    const told = picked || at === this.#hovered || (this.#names && cell.kind !== "platelet");
    if (told) drawName(context, cell, this.#view.onScreen(cell.box), { ...look, picked });
  }
}

customElements.define("hv-field", Field);
