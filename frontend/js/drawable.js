const MOST = 16e6; // pixels kept of one picture: enough to look at, and 64 MB

/** The upright picture as a bitmap to draw, reduced where it is huge; null where this browser cannot read it (TIFF). */
export async function bitmapOf(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    if (width * height <= MOST) return bitmap;
    const share = Math.sqrt(MOST / (width * height));
    const size = { resizeWidth: Math.round(width * share), resizeHeight: Math.round(height * share) };
    const reduced = await createImageBitmap(bitmap, { ...size, resizeQuality: "medium" });
    bitmap.close();
    return reduced;
  } catch {
    return null;
  }
}
