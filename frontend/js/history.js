// Wires the history: the only file that knows its components and what the API tells of the records.
import * as api from "./api.js";
import { day } from "./words.js";
import "./components/hv-entry.js";
import "./components/hv-history.js";

/** Show what was recorded whenever the history comes into view: `show()`. */
export function wireHistory(session) {
  const view = document.querySelector("hv-history");
  const dialog = document.querySelector("hv-entry");
  const on = (type, handle) => document.addEventListener(type, ({ detail }) => handle(detail));
  let query = {};
  let places = [null]; // of the pages up to the one in view, as `after` takes them
  let next = null; // where the page after it goes on
  let latest = 0; // a slow answer to an older question is not shown

  async function show() {
    const asked = ++latest;
    const { status, label, ...counted } = query; // statistics are of all answers, whatever their status and label
    view.csv = api.historyCsv(query);
    try {
      const after = places.at(-1);
      const [page, statistics, people] = await Promise.all([
        api.history(after ? { ...query, after } : query), api.statistics({ ...counted, ...onlyDays(counted) }),
        session.user?.role === "admin" ? api.users() : { users: [] },
      ]);
      if (asked !== latest) return;
      view.users = people.users;
      view.days = statistics.days;
      view.page = { predictions: page.predictions, newer: places.length > 1, older: page.next !== null };
      next = page.next;
    } catch (problem) {
      if (asked === latest) view.problem = problem;
    }
  }

  on("hv-filter", (filters) => {
    query = filters;
    places = [null];
    show();
  });
  on("hv-turn", ({ older }) => {
    places = older ? [...places, next] : places.slice(0, -1);
    show();
  });
  on("hv-open-entry", async ({ id }) => {
    dialog.open();
    try {
      dialog.shown = { entry: await api.entry(id), erasable: session.user?.role !== "viewer" };
    } catch (problem) {
      dialog.problem = problem;
    }
  });
  on("hv-erase", async ({ id, reason }) => {
    try {
      await api.erase(id, reason);
      dialog.close();
      view.focus(); // the line that had it goes
      show();
    } catch (problem) {
      dialog.problem = problem;
    }
  });
  return show;
}

/** Statistics are asked for by day; unless told otherwise those of the last ninety, as many as one can tell apart. */
function onlyDays({ since, until }) {
  const from = since ?? new Date(Date.now() - 90 * 86_400_000).toISOString();
  return { since: day(from), ...(until && { until: day(until) }) };
}
