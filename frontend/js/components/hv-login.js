/**
 * The form to log in.
 *
 *   <hv-login hidden></hv-login>
 *   login.problem = problem;            why it failed; null clears it
 *
 * Event: hv-log-in (detail: { name, password }).
 */
import { element } from "../element.js";
import "./hv-problem.js";

class Login extends HTMLElement {
  #name = element("input", { name: "name", required: true, autocomplete: "username", autocapitalize: "none" });
  #password = element("input", { name: "password", type: "password", required: true, autocomplete: "current-password" });
  #send = element("button", { className: "primary" }, "Log in");
  #failed = element("div", { role: "alert" });

  connectedCallback() {
    if (this.firstChild) return;
    const title = element("h2", { id: "login-title" }, "Log in");
    const form = element("form", {}, title,
      element("label", {}, "Name", this.#name), element("label", {}, "Password", this.#password),
      this.#failed, this.#send,
      element("p", { className: "quiet" }, "No account? An admin of this service makes one."));
    form.setAttribute("aria-labelledby", title.id);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send.disabled = true;
      const detail = { name: this.#name.value, password: this.#password.value };
      this.dispatchEvent(new CustomEvent("hv-log-in", { bubbles: true, detail }));
    });
    this.append(form);
  }

  set problem(problem) {
    this.#send.disabled = false;
    this.#failed.replaceChildren(...(problem ? [Object.assign(element("hv-problem"), { problem })] : []));
    this.#password.value = "";
    if (problem) this.#password.focus();
  }

  focus() { this.#name.focus(); }
}

customElements.define("hv-login", Login);
