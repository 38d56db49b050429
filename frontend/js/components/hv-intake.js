/**
 * Where pictures come in: chosen, dropped anywhere on the page, pasted, or taken with a phone's camera.
 *
 *   <hv-intake></hv-intake>
 *   intake.limits = model.limits;       or null while unknown
 *
 * Events: hv-files (detail: { files }), hv-open-examples.
 */
import { byteSize } from "../words.js";

const template = document.createElement("template");
template.innerHTML = `
  <section aria-labelledby="intake-title">
    <div class="stage">
      <svg viewBox="-120 -120 240 240" aria-hidden="true">
        <circle class="field" r="104"/>
        <circle class="ticks" r="110" pathLength="360"/>
        <circle class="long-ticks" r="108" pathLength="360"/>
        <path class="hair" d="M-104 0h58M46 0h58M0-104v58M0 46v58"/>
        <circle class="cell" r="37"/>
        <path class="nucleus" d="M-19-13c7-9 18-5 17 3-1 6-6 7-5 12 1 6 10 4 14 0 4-5-2-11 3-17 6-7 19-2 18 9
          -1 10-8 10-9 16-1 8-11 14-18 8-5-4-9-2-14-6-9-7-13-16-6-25z"/>
      </svg>
      <h2 id="intake-title">
        <span class="with-mouse">Drop pictures here</span><span class="with-finger">Pictures of a smear</span>
      </h2>
      <p class="with-mouse">or paste one with <kbd>Ctrl</kbd> <kbd>V</kbd></p>
    </div>
    <div class="ways">
      <button type="button" class="primary" data-way="choose">Choose pictures</button>
      <button type="button" data-way="photograph">Take a photograph</button>
      <button type="button" data-way="examples">Try an example</button>
    </div>
    <p class="limits quiet"></p>
    <input type="file" accept="image/*" multiple hidden data-input="choose">
    <input type="file" accept="image/*" capture="environment" hidden data-input="photograph">
  </section>`;

class Intake extends HTMLElement {
  connectedCallback() {
    this.append(template.content.cloneNode(true));
    for (const way of ["choose", "photograph"]) this.#opens(way);
    this.#button("examples").addEventListener("click", () => this.#tell("hv-open-examples"));

    document.addEventListener("paste", ({ clipboardData }) => this.#take(clipboardData?.files));
    document.addEventListener("dragover", (event) => this.#isOver(event, true));
    document.addEventListener("dragleave", (event) => this.#isOver(event, event.relatedTarget !== null));
    document.addEventListener("drop", (event) => {
      this.#isOver(event, false);
      this.#take(event.dataTransfer.files);
    });
  }

  set limits(limits) {
    const line = limits ? `${limits.formats.join(", ")} · up to ${byteSize(limits.max_bytes)}` : "";
    this.querySelector(".limits").textContent = line;
    // Named types, where known: they make a phone hand over JPEG where it would keep HEIC.
    this.#input("choose").accept = limits?.media_types.join(",") ?? "image/*";
  }

  focus() {
    this.#button("choose").focus();
  }

  #opens(way) {
    const input = this.#input(way);
    this.#button(way).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#take(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
  }

  /** Files only: dragged text and links stay the browser's own business. */
  #isOver(event, over) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.toggleAttribute("data-over", over);
  }

  #take(files) {
    if (files?.length) this.#tell("hv-files", { files: [...files] });
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }

  #button(way) { return this.querySelector(`[data-way="${way}"]`); }
  #input(way) { return this.querySelector(`[data-input="${way}"]`); }
}

customElements.define("hv-intake", Intake);
