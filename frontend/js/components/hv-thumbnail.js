/**
 * One cell, cut out of its picture; silent for readers, since the words beside it say which.
 *
 *   const thumbnail = document.createElement("hv-thumbnail");
 *   thumbnail.cell = { picture, at };       an answered picture, and a position in its `cells`
 */
import { element, icon } from "../element.js";
import { drawThumbnail } from "../thumbnails.js";

class Thumbnail extends HTMLElement {
  #shown = null;

  set cell(cell) {
    const canvas = element("canvas");
    this.setAttribute("aria-hidden", "true");
    this.#shown = cell;
    drawThumbnail(canvas, cell.picture, cell.at).then((drawn) => {
      if (this.#shown === cell) this.replaceChildren(drawn ? canvas : icon("no_preview"));
    });
  }
}

customElements.define("hv-thumbnail", Thumbnail);
