/**
 * Who answers: the model's name and version, and whether it stands ready.
 *
 *   <hv-service></hv-service>
 *   service.service = { model, health, problem };
 */
import { element } from "../element.js";

class Service extends HTMLElement {
  connectedCallback() {
    this.#draw("asking", "Looking for the model");
  }

  set service({ model, health, problem }) {
    const known = health?.model ?? model;
    const name = known ? element("strong", {}, `${known.name} ${known.version}`) : "";
    if (problem) this.#draw("missing", problem.code === "unreachable" ? "No connection" : "Not ready", name);
    else this.#draw("ready", health.model?.self_test === "passed" ? "Ready, self-test passed" : "Ready", name);
  }

  #draw(state, words, name = "") {
    this.dataset.state = state;
    this.replaceChildren(element("p", {}, name, element("span", {}, words)));
  }
}

customElements.define("hv-service", Service);
