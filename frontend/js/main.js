// Wires the page: the only file that knows the API, the store and the components. Properties go down, events come up.
import * as api from "./api.js";
import { Queue } from "./queue.js";
import { Store } from "./store.js";
import { givenLabel, perCent, statusWord, words } from "./words.js";
import "./components/hv-examples.js";
import "./components/hv-intake.js";
import "./components/hv-legend.js";
import "./components/hv-model.js";
import "./components/hv-notice.js";
import "./components/hv-pictures.js";
import "./components/hv-service.js";
import "./components/hv-theme.js";

const page = (selector) => document.querySelector(selector);
const [intake, pictures, legend, examples] = ["hv-intake", "hv-pictures", "hv-legend", "hv-examples"].map(page);

const store = new Store();
new Queue(store, api.classify);

store.addEventListener("pictures", () => {
  pictures.pictures = store.pictures;
  legend.hidden = store.pictures.length > 0;
});
store.addEventListener("picture", ({ detail: picture }) => {
  pictures.change(picture);
  announce(news(picture));
});
store.addEventListener("service", () => {
  const { model, problem } = store.service;
  page("hv-service").service = store.service;
  page("hv-notice").problem = problem;
  page("hv-model").model = model;
  intake.limits = model?.limits ?? null;
  intake.wants = wantsOf(model);
  if (model?.intended_use) page("#intended-use").textContent = model.intended_use;
});

const on = (type, handle) => document.addEventListener(type, ({ detail }) => handle(detail));
on("hv-files", ({ files }) => {
  store.add(files);
  announce(files.length === 1 ? `${files[0].name} added` : `${files.length} pictures added`);
});
on("hv-stop", ({ id }) => store.stop(id));
on("hv-retry", ({ id }) => store.retry(id));
on("hv-remove", ({ id }) => store.remove(id));
on("hv-clear", () => store.clear());
on("hv-emptied", () => intake.focus());
on("hv-check-service", findService);
on("hv-open-examples", openExamples);
on("hv-example", takeExample);

page("#docs").href = api.docs;
page("#privacy").prepend(`Pictures are sent to ${api.host} and nowhere else. `);
findService();

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

/** A model that takes the whole picture for one cell would give a whole field one wrong name. */
function wantsOf(model) {
  if (model?.input.framing !== "whole-picture") return "";
  const labs = model.labs.map(words).join(", ");
  return `One cell in the middle of the picture, as in those from ${labs}. A whole field would get one wrong name.`;
}

function news({ file, state, answer, problem }) {
  if (state === "stopped") return `${file.name}: stopped`;
  if (state === "failed") return `${file.name}: ${problem.title}`;
  if (state !== "answered") return null;
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
