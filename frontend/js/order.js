// The order of the gallery. It sorts what the service answered and adds no figure to it.
import { givenLabel } from "./words.js";

const UNFAMILIAR = "unfamiliar";

/** The group a cell is shown in: its label, or "unfamiliar" for those without one. */
export const groupOf = (cell) => givenLabel(cell) ?? UNFAMILIAR;

/** Every group in the order of the bundle, those without a label before them all. */
export const groupsOf = (cell) => [UNFAMILIAR, ...cell.probabilities.map(({ label }) => label)];

/** The doubtful first: those to check before the confident, and among each the least sure first. */
export function doubtfulFirst(a, b) {
  return (a.status === "confident") - (b.status === "confident") || (a.confidence ?? 0) - (b.confidence ?? 0);
}
