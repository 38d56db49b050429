/**
 * Asks for the red cells of the picture that is looked at, while a person wants to see them. They are no part of the
 * first answer: hundreds of boxes a field that nobody classifies.
 */
export class RedCells {
  #store;
  #classify;
  #asked = new Set(); // picture ids

  constructor(store, classify) {
    this.#store = store;
    this.#classify = classify;
    for (const type of ["picked", "red", "picture"]) store.addEventListener(type, () => this.#follow());
  }

  async #follow() {
    const picture = this.#store.picture(this.#store.picked.id);
    if (!this.#store.redWanted || picture?.state !== "answered" || picture.red || this.#asked.has(picture.id)) return;
    this.#asked.add(picture.id);
    try {
      const { cells } = await this.#classify(picture.file, undefined, true);
      this.#store.redFound(picture.id, cells.filter(({ kind }) => kind === "red"));
    } catch {
      this.#store.wantRed(false); // the switch goes back, and can be tried again
    } finally {
      this.#asked.delete(picture.id);
    }
  }
}
