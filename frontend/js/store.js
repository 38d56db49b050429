/**
 * The page's state. It changes through the methods below and through nothing else; each ends with an event:
 * "pictures" (one came or went), "picture" (detail: the one that changed) or "service" (the model or its health).
 *
 * A picture is { id, file, state, answer, problem, insisted }, never changed in place. Its state:
 * waiting -> sending -> answered | failed | stopped; and back to waiting when a person tries again.
 */
export class Store extends EventTarget {
  pictures = [];
  service = { model: null, health: null, problem: null };
  #lastId = 0;

  add(files) {
    const added = Array.from(files, (file) => (
      { id: ++this.#lastId, file, state: "waiting", answer: null, problem: null, insisted: false }
    ));
    this.pictures = [...added, ...this.pictures];
    this.#tell("pictures");
  }

  send(id) { this.#change(id, { state: "sending" }); }
  answer(id, answer) { this.#change(id, { state: "answered", answer }); }
  fail(id, problem) { this.#change(id, { state: "failed", problem }); }
  stop(id) { this.#change(id, { state: "stopped" }); }
  /** A person insists: this time the server alone decides. */
  retry(id) { this.#change(id, { state: "waiting", problem: null, insisted: true }); }

  remove(id) {
    this.pictures = this.pictures.filter((picture) => picture.id !== id);
    this.#tell("pictures");
  }

  clear() {
    this.pictures = [];
    this.#tell("pictures");
  }

  serviceFound(model, health) { this.#serve({ model, health, problem: null }); }
  serviceMissing(problem, model = null) { this.#serve({ model, health: null, problem }); }

  #serve(service) {
    this.service = service;
    this.#tell("service");
  }

  #change(id, changes) {
    const at = this.pictures.findIndex((picture) => picture.id === id);
    if (at < 0) return;
    this.pictures[at] = { ...this.pictures[at], ...changes };
    this.#tell("picture", this.pictures[at]);
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
