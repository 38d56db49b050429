/**
 * Light or dark: the system's until a person chooses, then theirs. Its twin is theme.js, before the first paint.
 *
 *   <hv-theme></hv-theme>
 *   theme.theme = "system";             or "light", "dark": as preferred
 *
 * Event: hv-prefer (detail: { theme }).
 */
import { element, icon } from "../element.js";

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

class Theme extends HTMLElement {
  #button = element("button", { type: "button", className: "bare" });

  connectedCallback() {
    this.append(this.#button);
    this.#button.addEventListener("click", () => {
      const theme = this.#other();
      this.theme = theme;
      this.dispatchEvent(new CustomEvent("hv-prefer", { bubbles: true, detail: { theme } }));
    });
    systemIsDark.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  #other() {
    const now = document.documentElement.dataset.theme ?? (systemIsDark.matches ? "dark" : "light");
    return now === "dark" ? "light" : "dark";
  }

  set theme(theme) {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try { // for the first paint of the next visit
      localStorage.setItem("hematovision-theme", theme);
    } catch { /* storage switched off: the choice lasts as long as the page */ }
    this.#draw();
  }

  #draw() {
    const words = `Use the ${this.#other()} theme`;
    this.#button.title = words;
    this.#button.replaceChildren(icon(this.#other()), element("span", { className: "for-readers" }, words));
  }
}

customElements.define("hv-theme", Theme);
