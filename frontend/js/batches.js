// Wires the batches: the only file that knows their component and what the API tells of them.
import * as api from "./api.js";
import "./components/hv-batches.js";

const OFTEN = 2000; // milliseconds between two questions while something goes on

/** Show the batches whenever they come into view: `show()`. */
export function wireBatches(session) {
  const view = document.querySelector("hv-batches");
  const on = (type, handle) => document.addEventListener(type, ({ detail }) => handle(detail));
  const looked = () => !view.hidden && !document.hidden;
  let timer = null;
  let latest = 0; // a slow answer to an older question is not shown
  let sending = null; // AbortController of the archive on its way

  async function show() {
    clearTimeout(timer);
    const asked = ++latest;
    view.changeable = session.user?.role !== "viewer";
    let again = true;
    try {
      const { batches, max_bytes: most } = await api.batches();
      if (asked !== latest) return;
      view.most = most;
      view.batches = batches.map((batch) => ({ ...batch, result: (format) => api.batchResult(batch.id, format) }));
      again = batches.some(({ state }) => state === "waiting" || state === "running");
    } catch (problem) {
      if (asked !== latest) return;
      view.problem = problem;
      again = problem.code !== "batch_unavailable"; // nothing is installed or recorded while one looks
    }
    if (again && looked()) timer = setTimeout(() => looked() && show(), OFTEN);
  }

  on("hv-archive", async ({ file }) => {
    sending = new AbortController();
    view.upload = { name: file.name, sent: 0, size: file.size };
    let problem = null;
    try {
      await api.sendBatch(file, sending.signal, (sent) => { view.upload = { name: file.name, sent, size: file.size }; });
    } catch (error) {
      if (error.name !== "AbortError") problem = error;
    }
    sending = null;
    view.upload = null;
    await show();
    if (problem) view.problem = problem;
  });
  on("hv-stop-archive", () => sending?.abort());
  on("hv-cancel-batch", async ({ id }) => {
    let problem = null;
    try {
      await api.cancelBatch(id);
    } catch (error) {
      problem = error;
    }
    await show();
    if (problem) view.problem = problem;
  });
  document.addEventListener("visibilitychange", () => looked() && show());
  return show;
}
