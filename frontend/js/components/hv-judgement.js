/**
 * What the model said of one cell, or of a picture without any. Where it gave no label, none stands here.
 *
 *   const judgement = document.createElement("hv-judgement");
 *   judgement.judgement = { status, label, confidence, probabilities, reasons };      a cell, or an answer
 */
import { element } from "../element.js";
import { givenLabel, perCent, STATUSES, words } from "../words.js";
import "./hv-probabilities.js";
import "./hv-status.js";

class Judgement extends HTMLElement {
  set judgement(judgement) {
    this.dataset.status = judgement.status;
    this.replaceChildren(...verdictOf(judgement), ...evidenceOf(judgement));
  }
}

function verdictOf(judgement) {
  const status = element("hv-status");
  status.status = judgement.status;
  const label = givenLabel(judgement);
  const headline = element("p", { className: "headline" }, label ? words(label) : "No label given");
  if (label) headline.append(" ", element("span", { className: "confidence" }, perCent(judgement.confidence)));
  const { reasons = [] } = judgement;
  const sentences = reasons.length || label ? reasons : [STATUSES[judgement.status]?.[1] ?? ""];
  return [headline, status, ...sentences.map((sentence) => element("p", { className: "reason" }, sentence))];
}

/** Probabilities behind a judgement without a label are there to be looked up, not to be read as one. */
function evidenceOf(judgement) {
  if (!judgement.probabilities.length) return [];
  const bars = element("hv-probabilities");
  bars.probabilities = judgement.probabilities;
  if (givenLabel(judgement)) return [bars];
  const summary = element("summary", {}, "Probabilities, not to be read as an answer");
  return [element("details", {}, summary, bars)];
}

customElements.define("hv-judgement", Judgement);
