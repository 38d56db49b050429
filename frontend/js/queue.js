import { foreseeableRefusal } from "./limits.js";

const AT_ONCE = 3;

/**
 * Sends the store's waiting pictures, oldest first and three at a time. It follows the state: a picture that is
 * stopped or removed while it is sent has its request aborted.
 */
export class Queue {
  #store;
  #classify;
  #running = new Map(); // picture id -> AbortController

  constructor(store, classify) {
    this.#store = store;
    this.#classify = classify;
    for (const type of ["pictures", "picture"]) store.addEventListener(type, () => this.#follow());
  }

  #follow() {
    const sending = new Set(this.#in("sending").map((picture) => picture.id));
    for (const [id, controller] of this.#running) {
      if (sending.has(id)) continue;
      this.#running.delete(id);
      controller.abort();
    }
    if (this.#running.size >= AT_ONCE) return;
    const [next] = this.#in("waiting").sort((a, b) => a.id - b.id);
    if (next) this.#run(next); // which changes the store, and so comes back here for the one after
  }

  async #run({ id, file, insisted }) {
    const refusal = insisted ? null : foreseeableRefusal(file, this.#store.service.model?.limits);
    if (refusal) return this.#store.fail(id, refusal);

    const controller = new AbortController();
    this.#running.set(id, controller);
    this.#store.send(id);
    let settle;
    try {
      const answer = await this.#classify(file, controller.signal);
      settle = () => this.#store.answer(id, answer);
    } catch (problem) {
      settle = () => this.#store.fail(id, problem);
    }
    if (this.#running.get(id) !== controller) return; // stopped meanwhile, perhaps even sent anew
    this.#running.delete(id);
    settle();
  }

  #in(state) {
    return this.#store.pictures.filter((picture) => picture.state === state);
  }
}
