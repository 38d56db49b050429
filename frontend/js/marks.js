// How a cell is marked on its field. A status is a line's colour and its pattern, a kind is a shape, so that neither
// needs colour to be told; a light line beneath keeps both readable on any stain.
import { givenLabel, words } from "./words.js";

const PATTERNS = { confident: [], check: [8, 5], unfamiliar: [1.5, 4.5] };

/** The marks' colours and type as the page's style has them: the same in light and dark, since pictures are. */
export function styleOf(element) {
  const style = getComputedStyle(element);
  const names = ["confident", "check", "unfamiliar", "red", "why", "halo", "picked"];
  const colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--mark-${name}`).trim()]));
  return { colours, type: style.fontFamily };
}

/** Draw the mark of `cell`, whose box on the screen is `box`. */
export function drawMark(context, cell, box, { colours, picked = false, hovered = false }) {
  const { status } = cell;
  context.save();
  context.lineCap = status === "unfamiliar" ? "round" : "butt";
  outline(context, cell, box, picked ? 3 : 0);
  if (picked) line(context, colours.picked, 7, []);
  line(context, colours.halo, picked ? 5 : 4.5, [], picked ? 1 : 0.75);
  line(context, colours[status], picked || hovered ? 3 : 2, PATTERNS[status] ?? []);
  context.restore();
}

/** A red cell: thin corners, nothing more. */
export function drawRed(context, { x, y, width, height }, colours) {
  const arm = Math.min(width, height) / 4;
  context.beginPath();
  for (const [left, across] of [[x, arm], [x + width, -arm]]) {
    for (const [top, down] of [[y, arm], [y + height, -arm]]) {
      context.moveTo(left + across, top);
      context.lineTo(left, top);
      context.lineTo(left, top + down);
    }
  }
  line(context, colours.halo, 3, [], 0.6);
  line(context, colours.red, 1.25, []);
}

/** What the cell is called, on a tag over its box and within the window. */
export function drawName(context, cell, box, { colours, type, room, picked = false }) {
  const text = (givenLabel(cell) ? words(cell.label) : "No label") + (cell.status === "check" ? " ?" : "");
  context.font = `${picked ? 600 : 500} 12px ${type}`;
  const [width, height] = [context.measureText(text).width + 12, 19];
  const x = Math.max(2, Math.min(room.width - width - 2, box.x - 1));
  const y = box.y - height - 3 < 2 ? Math.min(box.y + box.height + 4, room.height - height - 2) : box.y - height - 3;
  context.fillStyle = picked ? colours.picked : colours[cell.status];
  context.strokeStyle = colours.halo;
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(x, y, width, height, 4);
  context.stroke();
  context.fill();
  context.fillStyle = colours.halo;
  context.textBaseline = "middle";
  context.fillText(text, x + 6, y + height / 2 + 0.5);
}

/** A cell with a nucleus has a box, a platelet a ring. */
function outline(context, { kind }, { x, y, width, height }, out) {
  context.beginPath();
  if (kind === "platelet") {
    context.ellipse(x + width / 2, y + height / 2, width / 2 + 2 + out, height / 2 + 2 + out, 0, 0, 2 * Math.PI);
  } else {
    context.roundRect(x - out, y - out, width + 2 * out, height + 2 * out, 5);
  }
}

function line(context, colour, width, pattern, opacity = 1) {
  context.globalAlpha = opacity;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(pattern);
  context.stroke();
  context.globalAlpha = 1;
  context.setLineDash([]);
}
