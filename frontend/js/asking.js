// How the page asks: at one address, <meta name="hematovision-api"> in index.html; for JSON, or a problem; and with the
// token that goes along with each change made by cookie.
const setting = document.querySelector('meta[name="hematovision-api"]').content;
export const base = new URL(setting.endsWith("/") ? setting : `${setting}/`, document.baseURI);

let csrfToken = null; // of the session, as GET /session told it

export const useToken = (token) => { csrfToken = token; };

/** A failure with a heading, a sentence that tells the next step, a stable code and, from the API, a request id. */
export class Problem extends Error {
  constructor({ title, detail, code, request_id: requestId = null }) {
    super(`${title}: ${detail}`);
    Object.assign(this, { title, detail, code, requestId });
  }
}

export async function askJson(path, options) {
  const response = await ask(path, options);
  if (!isJson(response)) throw unexpected(response.status, typeOf(response));
  return read(response, "json");
}

/** Any answer that is no problem. Where the session has ended, the page hears of it by "hv-logged-out", too. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(csrfToken && options.method ? { "X-CSRF-Token": csrfToken } : {}) };
  let response;
  try {
    response = await fetch(new URL(path, base), { ...options, headers });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  return answered(response);
}

async function answered(response) {
  if (response.ok) return response;
  if (typeOf(response) !== "application/problem+json") throw unexpected(response.status, typeOf(response));
  const problem = new Problem(await read(response, "json"));
  if (problem.code === "login_required") document.dispatchEvent(new CustomEvent("hv-logged-out"));
  throw problem;
}

/** Send a file that may be large as the body, and tell how many bytes are on their way: fetch could not. */
export function send(path, file, signal, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL(path, base));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (csrfToken) request.setRequestHeader("X-CSRF-Token", csrfToken);
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("load", () => {
      const headers = { "Content-Type": request.getResponseHeader("Content-Type") ?? "" };
      answered(new Response(request.responseText, { status: request.status, headers })).then(resolve, reject);
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("Stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

export async function read(response, kind) {
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

export function unexpected(status, what) {
  return new Problem({
    code: "unexpected_answer",
    title: "Something else answered",
    detail: `The reply from ${base.href} (HTTP ${status}, ${what}) is not HematoVision's. A proxy in between may be `
      + "busy or set to another address. Try again in a moment; if it stays, check where the proxy points.",
  });
}
