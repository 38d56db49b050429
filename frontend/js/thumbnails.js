// The cells of a picture cut out side by side on one sheet, when one of them is first wanted. Pictures are decoded one
// at a time, so that forty large ones do not fill the memory; a sheet goes when its answer does.
import { bitmapOf } from "./drawable.js";

const TILE = 112; // pixels a side
const ACROSS = 16; // tiles in a row of the sheet
const CONTEXT = 1.35; // side of what is cut out, in longer sides of the cell's box
const sheets = new WeakMap(); // answer -> promise of a canvas, or of null where the picture cannot be drawn
let turn = Promise.resolve();

/** Draw one cell of an answered picture on the canvas; resolves to false where it cannot be drawn. */
export async function drawThumbnail(canvas, { file, answer }, at) {
  if (!sheets.has(answer)) {
    turn = turn.then(() => cutOut(file, answer));
    sheets.set(answer, turn);
  }
  const sheet = await sheets.get(answer);
  if (!sheet) return false;
  canvas.width = canvas.height = TILE;
  const [x, y] = place(at);
  canvas.getContext("2d").drawImage(sheet, x, y, TILE, TILE, 0, 0, TILE, TILE);
  return true;
}

async function cutOut(file, { cells, image }) {
  const bitmap = await bitmapOf(file);
  if (!bitmap) return null;
  const rows = Math.ceil(cells.length / ACROSS);
  const size = { width: TILE * Math.min(ACROSS, cells.length), height: TILE * rows };
  const sheet = Object.assign(document.createElement("canvas"), size);
  const context = sheet.getContext("2d");
  context.imageSmoothingQuality = "high";
  const scale = bitmap.width / image.width; // below 1 where the bitmap was reduced
  cells.forEach(({ box }, at) => {
    const side = Math.max(box.width, box.height) * CONTEXT;
    const [left, top] = [box.x + (box.width - side) / 2, box.y + (box.height - side) / 2];
    const [x, y] = place(at);
    context.drawImage(bitmap, left * scale, top * scale, side * scale, side * scale, x, y, TILE, TILE);
  });
  bitmap.close();
  return sheet;
}

const place = (at) => [(at % ACROSS) * TILE, Math.floor(at / ACROSS) * TILE];
