// Every request of the page. The address is the one setting: <meta name="hematovision-api"> in index.html.

const setting = document.querySelector('meta[name="hematovision-api"]').content;
const base = new URL(setting.endsWith("/") ? setting : `${setting}/`, document.baseURI);

export const host = base.host;
export const docs = new URL("docs", base).href;

/** A failure with a heading, a sentence that tells the next step, a stable code and, from the API, a request id. */
export class Problem extends Error {
  constructor({ title, detail, code, request_id: requestId = null }) {
    super(`${title}: ${detail}`);
    Object.assign(this, { title, detail, code, requestId });
  }
}

export const model = () => askJson("model");
export const health = () => askJson("health");

/** Every example with its url made whole. */
export async function examples() {
  const answer = await askJson("examples");
  return { ...answer, examples: answer.examples.map(({ name, url }) => ({ name, url: new URL(url, base).href })) };
}

/** An example's picture as a file, so that it goes the way of any other. */
export async function exampleFile({ name, url }) {
  const picture = await read(await ask(url), "blob");
  return new File([picture], name, { type: picture.type });
}

/** One picture's answer. `signal` aborts it; `redCells` asks for the boxes of red cells, too. */
export async function classify(file, signal, redCells = false) {
  const body = new FormData();
  body.append("image", file);
  const answer = await askJson(redCells ? "classify?boxes=all" : "classify", { method: "POST", body, signal });
  const isAnswer = typeof answer?.status === "string" && Array.isArray(answer.cells);
  if (!isAnswer) throw unexpected(200, "another shape");
  return answer;
}

/** The pre-classification of the cells of several answers. */
export async function differential(count) {
  const headers = { "Content-Type": "application/json" };
  const answer = await askJson("differential", { method: "POST", headers, body: JSON.stringify(count) });
  if (!Array.isArray(answer?.classes)) throw unexpected(200, "another shape");
  return answer;
}

async function askJson(path, options) {
  const response = await ask(path, options);
  if (!isJson(response)) throw unexpected(response.status, typeOf(response));
  return read(response, "json");
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(new URL(path, base), options);
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (response.ok) return response;
  if (typeOf(response) !== "application/problem+json") throw unexpected(response.status, typeOf(response));
  throw new Problem(await read(response, "json"));
}

async function read(response, kind) {
  try {
    return await response[kind]();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw error instanceof SyntaxError ? unexpected(response.status, "broken JSON") : unreachable();
  }
}

const typeOf = (response) => (response.headers.get("Content-Type") ?? "no type").split(";")[0].trim().toLowerCase();
const isJson = (response) => typeOf(response).endsWith("json");

/** fetch tells a page neither "nobody listens" from "not allowed here", so the sentence names both. */
function unreachable() {
  return new Problem({
    code: "unreachable",
    title: "The service did not answer",
    detail: `Nothing came back from ${base.href}. See that HematoVision is running there and, if this page comes from `
      + `another address, that the service allows ${location.origin} (HEMATOVISION_CORS_ORIGINS). Then try again.`,
  });
}

function unexpected(status, what) {
  return new Problem({
    code: "unexpected_answer",
    title: "Something else answered",
    detail: `The reply from ${base.href} (HTTP ${status}, ${what}) is not HematoVision's. A proxy in between may be `
      + "busy or set to another address. Try again in a moment; if it stays, check where the proxy points.",
  });
}
