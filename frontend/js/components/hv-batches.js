/**
 * Thousands of pictures: an archive is chosen and sent, and each batch tells how far it is.
 *
 *   <hv-batches hidden></hv-batches>
 *   batches.changeable = true;                 whether one may send and cancel
 *   batches.most = max_bytes;                  of an archive
 *   batches.upload = { name, sent, size };     the archive on its way, in bytes; null when it has arrived
 *   batches.batches = [...];                   as GET /batches has them, each with `result(format)`, a link
 *   batches.problem = problem;                 why something failed; gone with the next batches
 *
 * Events: hv-archive (detail: { file }), hv-stop-archive, hv-cancel-batch (detail: { id }).
 */
import { element } from "../element.js";
import { byteSize, lasting, moment, several } from "../words.js";
import "./hv-problem.js";

const STATES = { waiting: "Waiting for its turn", running: "Running", done: "Done", failed: "Failed" };

class Batches extends HTMLElement {
  #title = element("h2", { id: "batches-title", tabIndex: -1 }, "Thousands of pictures");
  #choose = element("button", { type: "button", className: "primary" }, "Choose an archive");
  #input = element("input", { type: "file", accept: ".zip,.tar,.tgz,.gz,.bz2,.xz", hidden: true });
  #failed = element("div", { role: "alert" });
  #sending = element("div", { className: "sending", hidden: true });
  #sent = element("progress", {});
  #sentWords = element("p", { className: "quiet" });
  #list = element("ul");
  #none = element("p", { className: "quiet" }, "There are no batches yet.");
  #news = element("p", { className: "for-readers", role: "status" });
  #items = new Map(); // batch id -> its parts on the page
  #limit = element("span");
  #changeable = true;
  #most = Infinity;

  connectedCallback() {
    if (this.firstChild) return;
    this.#choose.addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files;
      this.#input.value = ""; // so that the same file can be chosen again
      if (file) this.#take(file);
    });
    this.#sent.setAttribute("aria-label", "Archive sent");
    const stop = element("button", { type: "button" }, "Stop sending");
    stop.addEventListener("click", () => this.#tell("hv-stop-archive"));
    this.#sending.append(this.#sentWords, this.#sent, stop);
    const about = element("p", { className: "quiet" }, "A zip or a tar", this.#limit, ". Each picture is classified as on this page, one "
      + "after the other, while you do something else; then the archive is deleted. The result is a table of its own.");
    const section = element("section", {}, element("header", {}, this.#title, this.#choose, this.#input), about,
      this.#failed, this.#sending, this.#list, this.#none, this.#news);
    section.setAttribute("aria-labelledby", this.#title.id);
    this.append(section);
  }

  set changeable(changeable) {
    this.#changeable = changeable;
    this.#choose.hidden = !changeable;
  }

  set most(most) {
    this.#most = most;
    this.#limit.textContent = `, up to ${byteSize(most)}`;
  }

  set upload(upload) {
    const focused = this.#sending.contains(document.activeElement);
    const began = upload && this.#sending.hidden;
    const hadFocus = document.activeElement === this.#choose;
    this.#choose.disabled = upload !== null;
    this.#sending.hidden = upload === null;
    if (began && hadFocus) this.#sending.querySelector("button").focus();
    if (focused && !upload) this.#choose.focus();
    if (!upload) return;
    const { name, sent, size } = upload;
    this.#sent.max = size || 1;
    this.#sent.value = sent;
    const far = sent < size ? `${byteSize(sent)} of ${byteSize(size)} sent` : "Sent; the service looks at it";
    this.#sentWords.textContent = `${name}: ${far}`;
  }

  set batches(batches) {
    this.#failed.replaceChildren();
    const there = new Set(batches.map(({ id }) => id));
    for (const [id, { item }] of this.#items) if (!there.has(id)) this.#drop(id, item);
    for (const [at, batch] of batches.entries()) {
      if (!this.#items.has(batch.id)) this.#items.set(batch.id, this.#item(batch));
      const parts = this.#items.get(batch.id);
      this.#fill(parts, batch);
      if (this.#list.children[at] !== parts.item) this.#list.insertBefore(parts.item, this.#list.children[at] ?? null);
    }
    this.#none.hidden = batches.length > 0;
  }

  set problem(problem) {
    this.#failed.replaceChildren(Object.assign(element("hv-problem"), { problem }));
  }

  /** One that is too large is not sent first: the service would hang up on it. */
  #take(file) {
    if (file.size <= this.#most) return this.#tell("hv-archive", { file });
    this.problem = {
      title: "The archive has too many bytes",
      detail: `${file.name} has ${byteSize(file.size)}. Pack the pictures in several archives.`,
    };
  }

  /** What has the focus does not go without leaving it somewhere. */
  #drop(id, item) {
    if (item.contains(document.activeElement)) this.#title.focus();
    item.remove();
    this.#items.delete(id);
  }

  #item({ id, at }) {
    const title = element("h3", { id: `batch-${id}` }, `${moment(at)} UTC`);
    const parts = {
      item: element("li"), state: element("span"), bar: element("progress"), far: element("p", { className: "quiet" }),
      failed: element("p", { className: "failed" }), links: element("p", { className: "links" }),
      cancel: element("button", { type: "button" }),
    };
    parts.bar.setAttribute("aria-labelledby", title.id);
    parts.cancel.setAttribute("aria-describedby", title.id);
    parts.cancel.addEventListener("click", () => this.#tell("hv-cancel-batch", { id }));
    const article = element("article", {}, element("header", {}, title, parts.state), parts.bar, parts.far, parts.failed,
      element("footer", {}, parts.links, parts.cancel));
    article.setAttribute("aria-labelledby", title.id);
    parts.item.append(article);
    return parts;
  }

  #fill(parts, { at, state, progress, problem, until, seconds_left: left, result }) {
    const ended = state === "done" || state === "failed";
    const before = parts.state.dataset.state;
    if (before && before !== state) this.#news.textContent = `Batch of ${moment(at)}: ${STATES[state] ?? state}`;
    parts.state.dataset.state = state;
    parts.state.textContent = STATES[state] ?? state;
    parts.bar.hidden = ended;
    parts.bar.max = progress.total || 1;
    parts.bar.value = progress.pictures;
    parts.far.textContent = farWords(state, progress, left, until);
    parts.failed.textContent = problem?.detail ?? "";
    parts.failed.hidden = !problem;
    if (state === "done" && !parts.links.childElementCount) {
      parts.links.append(...[["parquet", "Parquet"], ["csv", "CSV"]].map(([format, text]) => (
        element("a", { href: result(format), download: `batch.${format}` }, text))));
    }
    parts.cancel.textContent = ended ? "Delete" : "Cancel";
    parts.cancel.hidden = !this.#changeable;
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

/** "12 of 50,000 pictures, 3 of them failed · 12.3 a second · about 5 minutes left". */
function farWords(state, { pictures, failures, total, rate }, left, until) {
  if (state === "waiting" && !pictures) return "";
  const all = state === "done" || total === null ? several(pictures, "picture")
    : `${pictures.toLocaleString("en-GB")} of ${several(total, "picture")}`;
  const words = [failures ? `${all}, ${failures.toLocaleString("en-GB")} of them could not be answered` : all];
  if (state === "running" && rate) words.push(`${rate.toFixed(1)} a second`);
  if (left !== null) words.push(`${lasting(left)} left`);
  if (state === "done" && until) words.push(`kept to ${moment(until)} UTC`);
  return words.join(" · ");
}

customElements.define("hv-batches", Batches);
