// The order of the gallery. It sorts what the service answered and adds no figure to it.
import { givenLabel } from "./words.js";

const UNFAMILIAR = "unfamiliar";

/** The group a cell is shown in: its label, or "unfamiliar" for those without one. */
export const groupOf = (cell) => givenLabel(cell) ?? UNFAMILIAR;

/** Labels as a person prefers them; those they did not name follow as they come. */
export const inOrder = (labels, preferred) => [
  ...preferred.filter((label) => labels.includes(label)), ...labels.filter((label) => !preferred.includes(label)),
];

/** Every group in the preferred order, then that of the bundle; those without a label before them all. */
export const groupsOf = (cell, preferred) => (
  [UNFAMILIAR, ...inOrder(cell.probabilities.map(({ label }) => label), preferred)]);

/** The doubtful first: those to check before the confident, and among each the least sure first. */
export function doubtfulFirst(a, b) {
  return (a.status === "confident") - (b.status === "confident") || (a.confidence ?? 0) - (b.confidence ?? 0);
}
