// Wires the page: the only file that knows the API, the store and the components, but for those of the history, of
// batches and of accounts. Properties go down, events come up.
import { wireAccounts } from "./accounts.js";
import * as api from "./api.js";
import { wireBatches } from "./batches.js";
import { Counting } from "./counting.js";
import { wireHistory } from "./history.js";
import { Queue } from "./queue.js";
import { RedCells } from "./redcells.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { givenLabel, perCent, seenWords, statusWord, words } from "./words.js";
import "./components/hv-differential.js";
import "./components/hv-examples.js";
import "./components/hv-gallery.js";
import "./components/hv-intake.js";
import "./components/hv-legend.js";
import "./components/hv-model.js";
import "./components/hv-notice.js";
import "./components/hv-picked.js";
import "./components/hv-pictures.js";
import "./components/hv-service.js";
import "./components/hv-theme.js";
import "./components/hv-viewer.js";

const page = (selector) => document.querySelector(selector);
const [intake, strip, viewer, panel, gallery, differential, examples] = [
  "hv-intake", "hv-pictures", "hv-viewer", "hv-picked", "hv-gallery", "hv-differential", "hv-examples",
].map(page);

const store = new Store();
const counting = new Counting(store, api.differential);
const session = new Session(api);
const show = { history: wireHistory(session), batches: wireBatches(session) };
wireAccounts(session);
new Queue(store, api.classify);
new RedCells(store, api.classify);

store.addEventListener("pictures", () => {
  strip.pictures = store.pictures;
  page("main").toggleAttribute("data-filled", store.pictures.length > 0);
  page("hv-legend").hidden = store.pictures.length > 0;
  gather();
});
store.addEventListener("picture", ({ detail: picture }) => {
  strip.change(picture);
  if (picture.id === store.picked.id) look();
  gather();
  announce(news(picture));
});
store.addEventListener("picked", look);
store.addEventListener("red", look);
store.addEventListener("service", () => {
  const { model, health, problem } = store.service;
  page("hv-service").service = store.service;
  page("hv-notice").problem = problem;
  page("hv-model").model = model;
  panel.readouts = model?.metrics.readouts ?? {};
  page("#recorded").hidden = !health || health.database.status === "off";
  intake.limits = model?.limits ?? null;
  page("hv-preferences").labels = page("hv-history").labels = model?.labels ?? [];
  if (model?.intended_use) page("#intended-use").textContent = model.intended_use;
});
counting.addEventListener("count", showCount);
session.addEventListener("session", () => {
  turn();
  if (session.open) findService();
});
session.addEventListener("preferences", prefer);

const on = (type, handle) => document.addEventListener(type, ({ detail }) => handle(detail));
on("hv-files", ({ files }) => {
  store.add(files);
  announce(files.length === 1 ? `${files[0].name} added` : `${files.length} pictures added`);
});
on("hv-pick", ({ id, at }) => {
  store.pick(id, at);
  if (at !== undefined) panel.scrollIntoView({ block: "nearest" });
});
on("hv-step", ({ step }) => {
  const place = gallery.beside(store.picked, step);
  if (place) store.pick(place.id, place.at);
});
on("hv-want-red", ({ wanted }) => store.wantRed(wanted));
on("hv-stop", ({ id }) => store.stop(id));
on("hv-stop-all", () => store.stopAll());
on("hv-retry", ({ id }) => store.retry(id));
on("hv-remove", ({ id }) => store.remove(id));
on("hv-clear", () => store.clear());
on("hv-emptied", () => intake.focus());
on("hv-count-options", (options) => counting.choose(options));
on("hv-count-again", () => counting.again());
on("hv-drop", (place) => counting.dropCell(place));
on("hv-put-back", (place) => counting.putBack(place));
on("hv-check-service", begin);
on("hv-open-examples", openExamples);
on("hv-example", takeExample);

page("#docs").href = api.docs;
page("#privacy").prepend(`Pictures are sent to ${api.host} and nowhere else. `);
addEventListener("hashchange", turn);
addEventListener("keydown", jump);
begin();

/** Nothing is asked for before it is known whether one has to log in; the login itself needs no model. */
async function begin() {
  try {
    await session.find();
    if (!session.open) store.serviceFound(null, await api.health());
  } catch (problem) {
    store.serviceMissing(problem);
  }
}

/** Which view is seen: the login until it is done, the history and the batches by their links, else the pictures. */
function turn() {
  const linked = location.hash.slice(1);
  const view = !session.open ? "login" : Object.hasOwn(show, linked) ? linked : "pictures";
  const turned = page("main").dataset.view !== view;
  page("main").dataset.view = view;
  page("#views").hidden = view === "login";
  for (const name of Object.keys(show)) page(`hv-${name}`).hidden = view !== name;
  for (const link of page("#views").children) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (turned) show[view]?.();
}

function prefer() {
  const { theme, confidence, class_order: order, wanted } = session.preferences;
  page("hv-theme").theme = theme;
  document.documentElement.dataset.confidence = confidence;
  gallery.order = order;
  differential.wanted = wanted;
  counting.choose({ wanted });
}

/** A class's key leads to its cells, W shows where the picked cell's class was seen, unless something is being written, chosen or read before all else. */
function jump({ key, target, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey || target.closest("input, select, textarea, dialog")) return;
  const [label] = Object.entries(session.preferences.hot_keys).find(([, hot]) => hot === key.toLowerCase()) ?? [];
  if (page("main").dataset.view !== "pictures") return;
  if (label) gallery.go(label);
  else if (key.toLowerCase() === "w") viewer.why();
}

/** What is looked at: the picture, and the picked cell in it. */
function look() {
  const { id, at } = store.picked;
  const picture = store.picture(id);
  strip.picked = id;
  viewer.shown = { picture, at, redWanted: store.redWanted };
  panel.shown = { picture, at, walkable: !gallery.hidden };
  gallery.picked = store.picked;
}

/** One cell needs no gallery and no count: its answer says it all. */
function gather() {
  gallery.pictures = store.pictures;
  gallery.picked = store.picked;
  const alone = store.pictures.reduce((cells, { answer }) => cells + (answer?.cells.length ?? 0), 0) < 2;
  if (gallery.hidden === alone) return;
  gallery.hidden = alone;
  showCount();
  look();
}

function showCount() {
  const count = counting.count && { ...counting.count, drop: counting.drop, pictures: store.pictures };
  differential.count = gallery.hidden ? null : count;
  gallery.count = { result: count?.result ?? null, ids: count?.ids ?? [], drop: counting.drop };
}

/** The model may answer while its health does not, and the other way round: what is known is shown. */
async function findService() {
  const [model, health] = await Promise.allSettled([api.model(), api.health()]);
  const missing = [health, model].find(({ status }) => status === "rejected");
  if (missing) store.serviceMissing(missing.reason, model.value);
  else store.serviceFound(model.value, health.value);
}

async function openExamples() {
  examples.open();
  try {
    examples.examples = await api.examples();
  } catch (problem) {
    examples.problem = problem;
  }
}

async function takeExample(example) {
  try {
    const file = await api.exampleFile(example);
    examples.close();
    store.add([file]);
  } catch (problem) {
    examples.problem = problem;
  }
}

function news({ file, state, answer, problem }) {
  if (state === "stopped") return `${file.name}: stopped`;
  if (state === "failed") return `${file.name}: ${problem.title}`;
  if (state !== "answered") return null;
  if (answer.cells.length > 1) return `${file.name}: ${seenWords(answer.seen)}`;
  const label = givenLabel(answer);
  const found = label ? [words(label), perCent(answer.confidence)] : [];
  return `${file.name}: ${[...found, statusWord(answer.status)].join(", ")}`;
}

/** Appended, not replaced, so that several answers at once are all read. */
function announce(text) {
  if (!text) return;
  const log = page("#announcements");
  log.append(Object.assign(document.createElement("p"), { textContent: text }));
  if (log.childElementCount > 20) log.firstElementChild.remove();
}
