/**
 * Whoever is logged in: a button with their name, and behind it their tokens, their password, and the way out.
 *
 *   <hv-account hidden></hv-account>
 *   account.user = { name, role };      null hides it
 *   account.tokens = [...];             as GET /tokens has them
 *   account.made = { name, token };     one that was made: shown this once
 *   account.problem = problem;          why the last thing failed
 *   account.done = "Password changed";  what the last thing did
 *
 * Events: hv-open-account, hv-log-out, hv-make-token (detail: { name, days }), hv-revoke-token (detail: { id }),
 * hv-change-password (detail: { old, next }).
 */
import { dialogOf } from "../dialog.js";
import { element, icon } from "../element.js";
import { day } from "../words.js";
import "./hv-problem.js";

class Account extends HTMLElement {
  #button = element("button", { type: "button" });
  #role = element("p", { className: "quiet" });
  #said = element("div", { role: "status" });
  #tokens = element("ul", { className: "tokens" });
  #dialog = null;

  connectedCallback() {
    if (this.firstChild) return;
    this.#button.addEventListener("click", () => {
      this.#said.replaceChildren();
      this.#dialog.showModal();
      this.#tell("hv-open-account");
    });
    const out = element("button", { type: "button" }, "Log out");
    out.addEventListener("click", () => this.#tell("hv-log-out"));
    const body = element("div", { className: "body" },
      element("div", { className: "who" }, this.#role, out), this.#said,
      element("h3", {}, "Tokens for scripts"), this.#tokens, this.#tokenForm(),
      element("h3", {}, "Password"), this.#passwordForm());
    this.#dialog = dialogOf("account", "Account", body);
    this.append(this.#button, this.#dialog);
  }

  set user(user) {
    this.hidden = !user;
    if (!user) return this.#dialog.close();
    this.#button.replaceChildren(icon("person"), element("span", {}, user.name));
    this.#button.setAttribute("aria-label", `Account: ${user.name}`);
    this.#role.textContent = `${user.name} is logged in, as ${user.role}.`;
  }

  set tokens(tokens) {
    const valid = tokens.filter(({ revoked_at: revoked }) => !revoked);
    this.#tokens.replaceChildren(...valid.map((token) => this.#row(token)));
    if (!valid.length) this.#tokens.append(element("li", { className: "quiet" }, "None yet."));
  }

  set made({ name, token }) {
    const shown = element("output", { className: "secret" }, token);
    const once = element("p", {}, `Token ${name}. It is shown this once: copy it now.`);
    this.#said.replaceChildren(element("div", { className: "made" }, once, shown));
  }

  set problem(problem) {
    this.#said.replaceChildren(Object.assign(element("hv-problem"), { problem }));
  }

  set done(text) {
    this.#said.replaceChildren(element("p", {}, text));
  }

  #row({ id, name, expires_at: expires, used_at: used, quota, asked }) {
    const revoke = element("button", { type: "button" }, "Revoke");
    revoke.setAttribute("aria-label", `Revoke ${name}`);
    revoke.addEventListener("click", () => this.#tell("hv-revoke-token", { id }));
    const spent = quota ? `, ${asked} of ${quota} requests this hour` : "";
    const facts = `until ${day(expires)}, ${used ? `last used ${day(used)}` : "never used"}${spent}`;
    return element("li", {}, element("span", {}, name, " ", element("span", { className: "quiet" }, facts)), revoke);
  }

  #tokenForm() {
    const name = element("input", { name: "name", required: true, maxLength: 80, autocomplete: "off" });
    const days = element("input", { name: "days", type: "number", min: 1, max: 366, defaultValue: 90, required: true });
    const form = element("form", {}, element("label", {}, "Name of a new token", name),
      element("label", { className: "short" }, "Days", days), element("button", {}, "Make token"));
    return this.#submitted(form, () => this.#tell("hv-make-token", { name: name.value, days: Number(days.value) }));
  }

  #passwordForm() {
    const old = element("input", { type: "password", required: true, autocomplete: "current-password" });
    const next = element("input", { type: "password", required: true, minLength: 12, autocomplete: "new-password" });
    const form = element("form", {}, element("label", {}, "Old password", old),
      element("label", {}, "New password", next), element("button", {}, "Change password"));
    return this.#submitted(form, () => this.#tell("hv-change-password", { old: old.value, next: next.value }));
  }

  #submitted(form, act) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act();
      form.reset();
    });
    return form;
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

customElements.define("hv-account", Account);
