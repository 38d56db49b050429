// What the API's keys and numbers are called for people.

export const STATUSES = {
  confident: [
    "Confident",
    "One class stands out as clearly as the model's fitted limit asks, and the cell is much like ones it learned from.",
  ],
  check: ["Check", "A label is given, and a person should look before trusting it."],
  unfamiliar: ["Unfamiliar", "Unlike all that the model has learned from, so no label is given."],
  no_cells: ["No cells", "Neither a nucleated cell nor a platelet was found."],
  not_a_smear: ["Not a smear", "This does not look like a stained blood smear."],
};

const STATES = { waiting: "Waiting", sending: "Sending", failed: "Failed", stopped: "Stopped" };

/** "immature_granulocyte" -> "Immature granulocyte". */
export function words(key) {
  const text = String(key).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The word for an answer's status or a picture's state; one the page has not met yet is shown as it came. */
export function statusWord(status) {
  return STATUSES[status]?.[0] ?? STATES[status] ?? words(status);
}

/** The label of a cell or an answer, or null: only "confident" and "check" carry one. */
export function givenLabel(answer) {
  return (answer.status === "confident" || answer.status === "check") && answer.label ? answer.label : null;
}

/** 0.9731 -> "97.3%". What is nearly nothing or nearly all is not rounded to nothing or all. */
export function perCent(share) {
  if (share > 0 && share < 0.0005) return "<0.1%";
  if (share < 1 && share >= 0.9995) return ">99.9%";
  return `${(share * 100).toFixed(1)}%`;
}

/** 20971520 -> "20 MiB". */
export function byteSize(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const [size, unit] = bytes < 2 ** 20 ? [bytes / 1024, "KiB"]
    : bytes < 2 ** 30 ? [bytes / 2 ** 20, "MiB"] : [bytes / 2 ** 30, "GiB"];
  return `${Number(size.toFixed(size < 10 ? 1 : 0))} ${unit}`;
}

/** "2026-03-01T12:34:56.789+00:00", in UTC -> "2026-03-01 12:34"; without the time: "2026-03-01". */
export const moment = (at) => at.slice(0, 16).replace("T", " ");
export const day = (at) => at.slice(0, 10);

/** 1 -> "1 cell", 2 -> "2 cells". */
export const several = (count, one, more = `${one}s`) => `${count.toLocaleString("en-GB")} ${count === 1 ? one : more}`;

/** Seconds, roughly: 42 -> "less than a minute", 200 -> "about 3 minutes", 9000 -> "about 3 hours". */
export function lasting(seconds) {
  if (seconds < 60) return "less than a minute";
  if (seconds < 5400) return `about ${several(Math.round(seconds / 60), "minute")}`;
  return `about ${several(Math.round(seconds / 3600), "hour")}`;
}

/** Per cents as the service rounded them, its intervals to a tenth: 60 -> "60", [49.7213, 69.67] -> "49.7 to 69.7". */
export const range = ({ low, high }, digits = 1) => `${low.toFixed(digits)} to ${high.toFixed(digits)}`;

/** One cell in words: what it is called, how sure, and how far to trust it. */
export function cellWords(cell) {
  const label = givenLabel(cell);
  const called = label ? `${words(label)}, ${perCent(cell.confidence)}` : "No label";
  return `${called}, ${statusWord(cell.status).toLowerCase()}${cell.edge ? ", cut by the picture's edge" : ""}`;
}

/** What was seen in one picture; never a concentration. */
export function seenWords({ nucleated, platelet, red }) {
  return `${several(nucleated, "cell")} with a nucleus, ${several(platelet, "platelet")}, ${several(red, "red cell")}`;
}
