// The one shorthand of the page: elements with text, never with markup.

/** `element("p", { className: "quiet" }, "text", child)`: properties are set, text stays text. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const ICONS = new URL("../icons.svg", import.meta.url).href;

/** A drawing of icons.svg, silent for readers: the word beside it says the same. */
export function icon(name) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(use);
  return drawing;
}
