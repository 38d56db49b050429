// A native <dialog>: it holds the focus, closes with Escape or beside it, and gives the focus back.
import { element, icon } from "./element.js";

/** `dialogOf("examples", "Examples", body)`: a dialog of this heading, with a button that closes it. */
export function dialogOf(name, heading, body) {
  const close = element("button", { type: "button", className: "bare", title: "Close" }, icon("close"));
  close.append(element("span", { className: "for-readers" }, "Close"));
  const title = element("h2", { id: `${name}-title` }, heading);
  const dialog = element("dialog", {}, element("div", { className: "heading" }, title, close), body);
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.setAttribute("closedby", "any");
  close.addEventListener("click", () => dialog.close());
  return dialog;
}
