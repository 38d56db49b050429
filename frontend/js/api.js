// Every request of the page, by name.

import { ask, askJson, base, read, send, unexpected, useToken } from "./asking.js";

export const host = base.host;
export const docs = new URL("docs", base).href;

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

/** One picture's answer, with why each label; `signal` aborts it; `redCells` asks for the boxes of red cells, too. */
export async function classify(file, signal, redCells = false) {
  const body = new FormData();
  body.append("image", file);
  const answer = await askJson(`classify?why=labels${redCells ? "&boxes=all" : ""}`, { method: "POST", body, signal });
  const isAnswer = typeof answer?.status === "string" && Array.isArray(answer.cells);
  if (!isAnswer) throw unexpected(200, "another shape");
  return answer;
}

/** The pre-classification of the cells of several answers. */
export async function differential(count) {
  const answer = await askJson("differential", sent("POST", count));
  if (!Array.isArray(answer?.classes)) throw unexpected(200, "another shape");
  return answer;
}

/** Who is logged in, and whether there is a login at all: { login, user }. */
export const session = () => inSession(askJson("session"));
export const logIn = (name, password) => inSession(askJson("session", sent("POST", { name, password })));
export const logOut = () => ask("session", { method: "DELETE" });
export const changePassword = (old, next) => ask("session/password", sent("PUT", { old, new: next }));

export const tokens = () => askJson("tokens");
export const makeToken = (name, days) => askJson("tokens", sent("POST", { name, days }));
export const revokeToken = (id) => ask(`tokens/${id}`, { method: "DELETE" });

export const preferences = () => askJson("preferences");
export const choose = (preferences) => askJson("preferences", sent("PUT", preferences));

export const batches = () => askJson("batches");
export const sendBatch = (file, signal, onSent) => send("batches", file, signal, onSent);
export const cancelBatch = (id) => ask(`batches/${id}`, { method: "DELETE" });
export const batchResult = (id, format) => new URL(`batches/${id}/results?format=${format}`, base).href;

export const users = () => askJson("users");
export const history = (query) => askJson(`history?${new URLSearchParams(query)}`);
export const historyCsv = (query) => new URL(`history.csv?${new URLSearchParams(query)}`, base).href;
export const statistics = (query) => askJson(`history/statistics?${new URLSearchParams(query)}`);
export const entry = (id) => askJson(`history/${id}`);
export const erase = (id, reason) => ask(`history/${id}?${new URLSearchParams({ reason })}`, { method: "DELETE" });

const sent = (method, content) => (
  { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) }
);

async function inSession(asked) {
  const { csrf_token: token, ...told } = await asked;
  useToken(token);
  return told;
}
