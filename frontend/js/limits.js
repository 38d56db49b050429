import { Problem } from "./asking.js";
import { byteSize } from "./words.js";

/** An early courtesy from the limits the model publishes: a Problem, or null. The server decides. */
export function foreseeableRefusal(file, limits) {
  if (!limits) return null;
  if (limits.max_bytes && file.size > limits.max_bytes) {
    return notSent(`It has ${byteSize(file.size)}; up to ${byteSize(limits.max_bytes)} are taken. Save it smaller.`);
  }
  if (file.type && limits.media_types && !limits.media_types.includes(file.type)) {
    return notSent(`It says it is ${file.type}; taken are ${limits.formats.join(", ")}. Save it as one of these.`);
  }
  return null;
}

function notSent(detail) {
  return new Problem({ code: "not_sent", title: "Not sent", detail });
}
