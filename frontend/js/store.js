/**
 * The page's state. It changes through the methods below and through nothing else; each ends with an event:
 * "pictures" (some came or went), "picture" (detail: the one that changed), "picked" (another picture or cell is looked
 * at), "red" (red cells are wanted or found) or "service" (the model or its health).
 *
 * A picture is { id, file, state, answer, problem, insisted, red }, never changed in place. Its state:
 * waiting -> sending -> answered | failed | stopped; and back to waiting when a person tries again. `red` is null until
 * the boxes of its red cells came. A cell is known by its picture's id and its position in the answer's `cells`.
 */
export class Store extends EventTarget {
  pictures = [];
  picked = { id: null, at: null };
  redWanted = false;
  service = { model: null, health: null, problem: null };
  #lastId = 0;

  add(files) {
    const added = Array.from(files, (file) => (
      { id: ++this.#lastId, file, state: "waiting", answer: null, problem: null, insisted: false, red: null }
    ));
    this.pictures = [...this.pictures, ...added];
    this.#tell("pictures");
    this.pick(added[0].id);
  }

  picture(id) { return this.pictures.find((picture) => picture.id === id) ?? null; }

  send(id) { this.#change(id, { state: "sending" }); }
  fail(id, problem) { this.#change(id, { state: "failed", problem }); }
  stop(id) { this.#change(id, { state: "stopped" }); }
  /** A person insists: this time the server alone decides. */
  retry(id) { this.#change(id, { state: "waiting", problem: null, insisted: true }); }

  answer(id, answer) {
    this.#change(id, { state: "answered", answer });
    if (this.picked.id === id) this.pick(id);
  }

  stopAll() {
    for (const { id, state } of this.pictures) if (state === "waiting" || state === "sending") this.stop(id);
  }

  /** Look at a picture, and at one of its cells: the main one unless told. */
  pick(id, at = this.picture(id)?.answer?.cells.length ? 0 : null) {
    this.picked = { id, at };
    this.#tell("picked");
  }

  wantRed(wanted) {
    this.redWanted = wanted;
    this.#tell("red");
  }

  redFound(id, red) {
    const picture = this.picture(id);
    if (!picture) return;
    this.#replace({ ...picture, red });
    this.#tell("red");
  }

  remove(id) {
    const at = this.pictures.findIndex((picture) => picture.id === id);
    this.pictures = this.pictures.filter((picture) => picture.id !== id);
    this.#tell("pictures");
    const next = this.pictures[at] ?? this.pictures.at(-1);
    if (this.picked.id === id) this.pick(next?.id ?? null);
  }

  clear() {
    this.pictures = [];
    this.#tell("pictures");
    this.pick(null);
  }

  serviceFound(model, health) { this.#serve({ model, health, problem: null }); }
  serviceMissing(problem, model = null) { this.#serve({ model, health: null, problem }); }

  #serve(service) {
    this.service = service;
    this.#tell("service");
  }

  #change(id, changes) {
    const picture = this.picture(id);
    if (!picture) return;
    const changed = { ...picture, ...changes };
    this.#replace(changed);
    this.#tell("picture", changed);
  }

  #replace(changed) {
    this.pictures = this.pictures.map((picture) => (picture.id === changed.id ? changed : picture));
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
