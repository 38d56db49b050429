/**
 * What the model said of one picture. Where it gave no label, none stands here.
 *
 *   const answer = document.createElement("hv-answer");
 *   answer.answer = { status, label, confidence, probabilities, reasons, model, image, milliseconds };
 */
import { element } from "../element.js";
import { givenLabel, perCent, STATUSES, words } from "../words.js";
import "./hv-probabilities.js";
import "./hv-status.js";

class Answer extends HTMLElement {
  set answer(answer) {
    this.dataset.status = answer.status;
    const verdict = element("div", { className: "verdict" }, ...verdictOf(answer), provenance(answer));
    this.replaceChildren(verdict, ...evidenceOf(answer));
  }
}

function verdictOf(answer) {
  const status = element("hv-status");
  status.status = answer.status;
  const label = givenLabel(answer);
  const headline = element("p", { className: "headline" }, label ? words(label) : "No label given");
  if (label) headline.append(" ", element("span", { className: "confidence" }, perCent(answer.confidence)));
  const sentences = answer.reasons?.length || label ? answer.reasons ?? [] : [STATUSES[answer.status]?.[1] ?? ""];
  return [status, headline, ...sentences.map((sentence) => element("p", { className: "reason" }, sentence))];
}

/** Probabilities behind an answer without a label are there to be looked up, not to be read as one. */
function evidenceOf(answer) {
  if (!answer.probabilities.length) return [];
  const bars = element("hv-probabilities");
  bars.probabilities = answer.probabilities;
  if (givenLabel(answer)) return [bars];
  const summary = element("summary", {}, "Probabilities, not to be read as an answer");
  return [element("details", {}, summary, bars)];
}

function provenance({ model, image, milliseconds }) {
  const facts = [
    ["Model", `${model.name} ${model.version}`],
    ["Time", `${milliseconds.total.toFixed(1)} ms`],
    ["Size", `${image.width} × ${image.height} px`],
  ];
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return list;
}

customElements.define("hv-answer", Answer);
