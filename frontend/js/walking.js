// Which cell comes next by arrow key, and which one lies under a finger. Positions are in the answer's `cells`.

const KEYS = { ArrowRight: ["x", 1], ArrowLeft: ["x", -1], ArrowDown: ["y", 1], ArrowUp: ["y", -1] };

/** Left and right walk the cells from left to right, up and down from top to bottom: both reach every one. */
export function walk(key, cells, at) {
  if (!cells.length) return null;
  if (key === "Home") return ordered(cells, "x")[0];
  if (key === "End") return ordered(cells, "x").at(-1);
  if (!KEYS[key]) return null;
  const [axis, step] = KEYS[key];
  const order = ordered(cells, axis);
  const now = order.indexOf(at);
  return now < 0 ? order[0] : order[Math.min(order.length - 1, Math.max(0, now + step))];
}

/** The smallest box that holds the point, or null. */
export function cellUnder({ x, y }, cells) {
  const holds = ({ box }) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
  const under = cells.map((cell, at) => ({ cell, at })).filter(({ cell }) => holds(cell));
  under.sort((a, b) => area(a.cell.box) - area(b.cell.box));
  return under[0]?.at ?? null;
}

const ordered = (cells, axis) => [...cells.keys()].sort((a, b) => middle(cells[a], axis) - middle(cells[b], axis));
const middle = ({ box }, axis) => box[axis] + (axis === "x" ? box.width : box.height) / 2;
const area = ({ width, height }) => width * height;
