// Where the classifier saw a cell's label: its class activation map as a cloud over the cell, thick where much was seen.

/** Draw a cell's `why`, whose square on the screen is `box`, in `colour`. What speaks against the label is left out. */
export function drawWhy(context, { seen_at: rows }, { x, y, width, height }, colour) {
  const most = Math.max(...rows.flat());
  if (!(most > 0)) return;
  const small = Object.assign(document.createElement("canvas"), { width: rows[0].length, height: rows.length });
  const brush = small.getContext("2d");
  brush.fillStyle = colour;
  rows.forEach((row, down) => row.forEach((seen, across) => {
    brush.globalAlpha = 0.8 * Math.max(0, seen / most);
    brush.fillRect(across, down, 1, 1);
  }));
  context.save();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, x, y, width, height);
  context.restore();
}
