/**
 * What was recorded: filters, statistics, and the entries page by page.
 *
 *   <hv-history hidden></hv-history>
 *   history.labels = model.labels;                         to filter by
 *   history.users = [{ id, name }, ...];                   whom an admin may filter by; empty for others
 *   history.csv = href;                                    of what is filtered
 *   history.days = [...];                                  as GET /history/statistics has them
 *   history.page = { predictions, newer, older };          with whether there are pages on either side
 *   history.problem = problem;                             why there is none
 *
 * Events: hv-filter (detail: the query), hv-turn (detail: { older }), hv-open-entry (detail: { id }).
 */
import { element } from "../element.js";
import { givenLabel, moment, perCent, STATUSES, words } from "../words.js";
import "./hv-drift.js";
import "./hv-problem.js";
import "./hv-status.js";

class History extends HTMLElement {
  #title = element("h2", { id: "history-title", tabIndex: -1 }, "History");
  #form = element("form");
  #label = element("select", { name: "label" });
  #user = element("select", { name: "user" });
  #csv = element("a", { download: "history.csv" }, "CSV");
  #drift = element("hv-drift");
  #body = element("tbody");
  #table = element("table");
  #none = element("p", { className: "quiet" }, "Nothing is recorded that fits.");
  #failed = element("div", { role: "alert" });
  #newer = this.#turner("Newer", false);
  #older = this.#turner("Older", true);
  #names = new Map(); // user id -> name

  connectedCallback() {
    if (this.firstChild) return;
    const status = selectOf("status", Object.entries(STATUSES).map(([value, [text]]) => [value, text]));
    this.#form.append(
      labelled("From", element("input", { type: "date", name: "since" })),
      labelled("To", element("input", { type: "date", name: "until" })),
      labelled("Status", status), labelled("Class", this.#label), labelled("User", this.#user), this.#csv);
    this.#form.setAttribute("aria-label", "Filters");
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("change", () => this.#tell("hv-filter", queryOf(new FormData(this.#form))));
    const heads = ["Recorded (UTC)", "Answer", "Status", "User"].map((text) => element("th", { scope: "col" }, text));
    this.#table.append(element("caption", { className: "for-readers" }, "Recorded predictions, newest first"),
      element("thead", {}, element("tr", {}, ...heads)), this.#body);
    const pages = element("nav", {}, this.#newer, this.#older);
    pages.setAttribute("aria-label", "Pages of the history");
    const section = element("section", {}, element("header", {}, this.#title, this.#form), this.#failed, this.#drift,
      element("div", { className: "entries" }, this.#table, this.#none, pages));
    section.setAttribute("aria-labelledby", this.#title.id);
    this.append(section);
    this.labels = [];
    this.users = [];
  }

  focus() { this.#title.focus(); }

  set labels(labels) { fill(this.#label, labels.map((label) => [label, words(label)])); }

  set users(users) {
    this.#names = new Map(users.map(({ id, name }) => [id, name]));
    fill(this.#user, users.map(({ id, name }) => [id, name]));
    this.toggleAttribute("data-users", users.length > 0);
  }

  set csv(href) { this.#csv.href = href; }
  set days(days) { this.#drift.days = days; }

  set page({ predictions, newer, older }) {
    this.#failed.replaceChildren();
    this.#body.replaceChildren(...predictions.map((line) => this.#row(line)));
    this.#table.hidden = !predictions.length;
    this.#none.hidden = predictions.length > 0;
    this.#newer.setAttribute("aria-disabled", String(!newer));
    this.#older.setAttribute("aria-disabled", String(!older));
  }

  set problem(problem) {
    this.#failed.replaceChildren(Object.assign(element("hv-problem"), { problem }));
    this.#drift.days = [];
    this.#table.hidden = this.#none.hidden = true;
  }

  #row(line) {
    const [date, time] = moment(line.at).split(" ").map((part) => element("span", {}, part));
    const open = element("button", { type: "button", className: "link" }, date, " ", time);
    open.addEventListener("click", () => this.#tell("hv-open-entry", { id: line.id }));
    const status = Object.assign(element("hv-status"), { status: line.status });
    const label = givenLabel(line);
    const answer = label ? `${words(label)} ${perCent(line.confidence)}` : "–";
    const cells = [open, answer, status, this.#names.get(line.user) ?? "–"];
    return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
  }

  #turner(text, older) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") this.#tell("hv-turn", { older });
    });
    return button;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

/** As GET /history takes it; both days are included, in UTC. */
function queryOf(form) {
  const query = Object.fromEntries([...form].filter(([, value]) => value));
  if (query.since) query.since += "T00:00:00Z";
  if (query.until) query.until = new Date(Date.parse(query.until) + 86_400_000).toISOString();
  return query;
}

const labelled = (text, field) => element("label", { className: field.name }, text, field);

function selectOf(name, options) {
  const select = element("select", { name });
  fill(select, options);
  return select;
}

/** Options of a filter, before them the one that filters nothing. What was chosen stays so. */
function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...[["", "All"], ...options].map(([value, text]) => element("option", { value }, text)));
  select.value = options.some(([value]) => value === chosen) ? chosen : "";
}

customElements.define("hv-history", History);
