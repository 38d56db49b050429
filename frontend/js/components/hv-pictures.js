/**
 * The pictures of this visit, the newest first.
 *
 *   <hv-pictures></hv-pictures>
 *   list.pictures = store.pictures;     when one came or went
 *   list.change(picture);               when one changed: only its card is drawn again
 *
 * Events: hv-clear, hv-emptied (the last one was removed; focus needs a new place), and those of hv-picture.
 */
import { element } from "../element.js";
import "./hv-picture.js";

class Pictures extends HTMLElement {
  #cards = new Map(); // picture id -> hv-picture
  #list = element("ul");
  #count = element("p", { className: "quiet" });

  connectedCallback() {
    const clear = element("button", { type: "button", textContent: "Clear all" });
    clear.addEventListener("click", () => this.#tell("hv-clear"));
    this.append(
      element("div", { className: "bar" }, element("h2", {}, "Pictures"), this.#count, clear),
      this.#list,
    );
    this.hidden = true;
  }

  set pictures(pictures) {
    const hadFocus = this.contains(document.activeElement);
    const focusedAt = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    this.#takeAway(new Set(pictures.map((picture) => picture.id)));
    pictures.forEach((picture, at) => {
      if (!this.#cards.has(picture.id)) this.#list.insertBefore(this.#card(picture), this.#list.children[at] ?? null);
    });
    this.#count.textContent = pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`;
    this.hidden = pictures.length === 0;
    if (hadFocus && (this.hidden || !this.contains(document.activeElement))) this.#focusNear(focusedAt);
  }

  change(picture) {
    const card = this.#cards.get(picture.id);
    if (card) card.picture = picture;
  }

  #takeAway(staying) {
    for (const [id, card] of this.#cards) {
      if (staying.has(id)) continue;
      this.#cards.delete(id);
      card.parentElement.remove();
    }
  }

  #card(picture) {
    const card = Object.assign(element("hv-picture"), { picture });
    this.#cards.set(picture.id, card);
    return element("li", {}, card);
  }

  #focusNear(at) {
    const item = this.#list.children[at] ?? this.#list.lastElementChild;
    if (item) item.firstElementChild.focus();
    else this.#tell("hv-emptied");
  }

  #tell(type) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true }));
  }
}

customElements.define("hv-pictures", Pictures);
