/**
 * How to count. The service holds the rules; here they are only asked for.
 *
 *   const options = document.createElement("hv-count-options");
 *   options.wanted = 200;
 *
 * Event: hv-count-options (detail: those that changed, as POST /differential takes them).
 */
const template = document.createElement("template");
template.innerHTML = `
  <form>
    <fieldset class="wanted">
      <legend>White cells wanted</legend>
      <label><input type="radio" name="wanted" value="100" checked><span>100</span></label>
      <label><input type="radio" name="wanted" value="200"><span>200</span></label>
      <label><input type="radio" name="wanted" value="400"><span>400</span></label>
    </fieldset>
    <details>
      <summary>How to count</summary>
      <div class="more">
        <label class="figure">Limit for the widest interval
          <span><input type="number" name="widest" min="1" max="100" step="any"> points</span></label>
        <label class="figure">Analyser's white count
          <span><input type="number" name="white_count" min="0.01" max="1000" step="any"> × 10⁹/L</span></label>
        <label><input type="checkbox" name="white_count_corrected"> already corrected for erythroblasts</label>
        <label><input type="checkbox" name="count_edge"> Count cells cut by an edge</label>
      </div>
    </details>
  </form>`;

class CountOptions extends HTMLElement {
  set wanted(wanted) {
    this.querySelector(`[name="wanted"][value="${wanted}"]`).checked = true;
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.append(template.content.cloneNode(true));
    const form = this.querySelector("form");
    form.setAttribute("aria-label", "How to count");
    form.addEventListener("submit", (event) => event.preventDefault()); // Enter is "change" enough
    form.addEventListener("change", ({ target }) => {
      const detail = { [target.name]: valueOf(target) };
      this.dispatchEvent(new CustomEvent("hv-count-options", { bubbles: true, detail }));
    });
  }
}

function valueOf({ type, value, checked }) {
  if (type === "checkbox") return checked;
  return value === "" ? null : Number(value);
}

customElements.define("hv-count-options", CountOptions);
