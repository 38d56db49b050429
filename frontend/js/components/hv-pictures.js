/**
 * The pictures of this visit in a strip, in the order they came, and how far they are.
 *
 *   <hv-pictures></hv-pictures>
 *   strip.pictures = store.pictures;     when some came or went
 *   strip.change(picture);               when one changed: only its card is drawn again
 *   strip.picked = id;
 *
 * Events: hv-clear, hv-stop-all, hv-emptied (the last one was removed; focus needs a new place), those of hv-picture.
 */
import { element } from "../element.js";
import { several } from "../words.js";
import "./hv-picture.js";

class Pictures extends HTMLElement {
  #cards = new Map(); // picture id -> hv-picture
  #states = new Map(); // picture id -> its state
  #list = element("ul");
  #count = element("p", { className: "quiet" });
  #progress = element("progress");
  #stop = this.#button("Stop all", "hv-stop-all");

  connectedCallback() {
    this.#progress.setAttribute("aria-label", "Pictures done");
    const bar = element("div", { className: "bar" }, element("h2", {}, "Pictures"), this.#count, this.#progress);
    bar.append(this.#stop, this.#button("Clear all", "hv-clear"));
    this.append(bar, this.#list);
    this.hidden = true;
  }

  set pictures(pictures) {
    const hadFocus = this.contains(document.activeElement);
    const focusedAt = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    this.#takeAway(new Set(pictures.map((picture) => picture.id)));
    for (const picture of pictures) if (!this.#cards.has(picture.id)) this.#list.append(this.#card(picture));
    this.#tally();
    this.hidden = pictures.length === 0;
    if (hadFocus && (this.hidden || !this.contains(document.activeElement))) this.#focusNear(focusedAt);
  }

  change(picture) {
    const card = this.#cards.get(picture.id);
    if (card) card.picture = picture;
    this.#states.set(picture.id, picture.state);
    const hadFocus = this.#stop === document.activeElement;
    this.#tally();
    if (hadFocus && this.#stop.hidden) this.#focusNear(0);
  }

  set picked(id) {
    for (const [each, card] of this.#cards) card.picked = each === id;
    const item = this.#cards.get(id)?.parentElement;
    if (item) this.#bringIn(item);
  }

  /** Sideways only: the page itself stays where it is. */
  #bringIn({ offsetLeft, offsetWidth }) {
    const { scrollLeft, clientWidth, offsetLeft: start } = this.#list;
    const [left, right] = [offsetLeft - start, offsetLeft - start + offsetWidth];
    if (left < scrollLeft) this.#list.scrollLeft = left;
    else if (right > scrollLeft + clientWidth) this.#list.scrollLeft = right - clientWidth;
  }

  #tally() {
    const states = [...this.#states.values()];
    const running = states.filter((state) => state === "waiting" || state === "sending").length;
    const failed = states.filter((state) => state === "failed").length;
    const done = states.length - running;
    const all = several(states.length, "picture");
    const parts = [running ? `${done} of ${all} done` : all];
    if (failed) parts.push(`${failed} failed`);
    this.#count.textContent = parts.join(", ");
    Object.assign(this.#progress, { max: Math.max(1, states.length), value: done });
    this.#progress.hidden = this.#stop.hidden = !running;
  }

  #takeAway(staying) {
    for (const [id, card] of this.#cards) {
      if (staying.has(id)) continue;
      this.#cards.delete(id);
      this.#states.delete(id);
      card.parentElement.remove();
    }
  }

  #card(picture) {
    const card = Object.assign(element("hv-picture"), { picture });
    this.#cards.set(picture.id, card);
    this.#states.set(picture.id, picture.state);
    return element("li", {}, card);
  }

  #focusNear(at) {
    const item = this.#list.children[at] ?? this.#list.lastElementChild;
    if (item) item.firstElementChild.focus();
    else this.#tell("hv-emptied");
  }

  #button(text, type) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => this.#tell(type));
    return button;
  }

  #tell(type) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true }));
  }
}

customElements.define("hv-pictures", Pictures);
