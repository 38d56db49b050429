/**
 * A file's thumbnail, or a calm placeholder for what a browser cannot draw (TIFF, or no picture at all).
 *
 *   const preview = document.createElement("hv-preview");
 *   preview.file = file;
 */
import { element, icon } from "../element.js";

class Preview extends HTMLElement {
  #url = null;

  set file(file) {
    this.#url = URL.createObjectURL(file);
    const image = element("img", { src: this.#url, alt: `The picture ${file.name}`, decoding: "async" });
    image.addEventListener("error", () => this.#placehold());
    this.replaceChildren(image);
  }

  disconnectedCallback() {
    this.#release();
  }

  #placehold() {
    this.#release();
    this.replaceChildren(icon("no_preview"), element("span", {}, "No preview"));
  }

  #release() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }
}

customElements.define("hv-preview", Preview);
