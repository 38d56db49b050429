/**
 * Has the service count the cells of all answers, again whenever an answer, an option or a dropped cell comes or goes.
 * One request at a time, each with all there is by then; nothing is counted here. Ends with the event "count".
 *
 * counting.count is null or { busy, problem, result, ids }: `ids` are the pictures' ids by their position in `result`.
 */
export class Counting extends EventTarget {
  count = null;
  options = { wanted: 100, widest: null, white_count: null, white_count_corrected: false, count_edge: false };
  drop = []; // { id, at }: cells a person saw twice
  #store;
  #differential;
  #asking = false;
  #answered = ""; // what the last request was about

  constructor(store, differential) {
    super();
    this.#store = store;
    this.#differential = differential;
    for (const type of ["pictures", "picture"]) store.addEventListener(type, () => this.#follow());
  }

  choose(options) {
    this.options = { ...this.options, ...options };
    this.#follow();
  }

  dropCell(place) {
    this.drop = [...this.drop, place];
    this.#follow();
  }

  putBack({ id, at }) {
    this.drop = this.drop.filter((place) => place.id !== id || place.at !== at);
    this.#follow();
  }

  again() {
    this.#answered = "";
    this.#follow();
  }

  async #follow() {
    if (this.#asking) return;
    this.#asking = true;
    while (this.#about() !== this.#answered) {
      await new Promise((resume) => setTimeout(resume, 120)); // several changes, one request
      await this.#ask();
    }
    this.#asking = false;
  }

  async #ask() {
    const pictures = this.#counted();
    const ids = pictures.map(({ id }) => id);
    this.drop = this.drop.filter(({ id }) => ids.includes(id)); // a picture that went took its cells along
    this.#answered = this.#about();
    if (!pictures.length) return this.#tell(null);
    if (this.count) this.#tell({ ...this.count, busy: true });
    try {
      const result = await this.#differential({
        ...this.options,
        answers: pictures.map(({ answer }) => ({ image: { sha256: answer.image.sha256 }, cells: answer.cells.map(({ why, ...cell }) => cell) })),
        drop: this.drop.map(({ id, at }) => ({ picture: ids.indexOf(id), cell: at })),
      });
      this.#tell({ busy: false, problem: null, result, ids });
    } catch (problem) {
      this.#tell({ busy: false, problem, result: null, ids });
    }
  }

  #counted() {
    return this.#store.pictures.filter(({ answer }) => answer?.cells.length);
  }

  #about() {
    return JSON.stringify([this.#counted().map(({ id }) => id), this.options, this.drop]);
  }

  #tell(count) {
    this.count = count;
    this.dispatchEvent(new CustomEvent("count"));
  }
}
