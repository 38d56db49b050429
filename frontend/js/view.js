const CLOSEST = 8; // times the size at which the picture fits, or its own size
const STEP = 1.4;

/** Where a picture lies in its window: on screen is `picture * scale + (x, y)`. Pure geometry, in CSS pixels. */
export class View {
  #picture = { width: 1, height: 1 };
  #room = { width: 1, height: 1 };
  scale = 1;
  x = 0;
  y = 0;

  /** A new picture, or the window's new size. What fitted before fits after. */
  set({ picture = this.#picture, room = this.#room }) {
    const stays = picture === this.#picture && this.zoomed;
    this.#picture = picture;
    this.#room = room;
    if (stays) this.zoom(1);
    else this.fit();
  }

  get zoomed() { return this.scale > this.#fitting * 1.001; }

  fit() {
    this.scale = this.#fitting;
    this.pan(0, 0);
  }

  closer() { this.zoom(STEP); }
  farther() { this.zoom(1 / STEP); }

  /** Grow by `factor`, while the point `at` of the window stays where it is. */
  zoom(factor, at = { x: this.#room.width / 2, y: this.#room.height / 2 }) {
    const closest = Math.max(1, this.#fitting) * CLOSEST;
    const scale = Math.min(closest, Math.max(this.#fitting, this.scale * factor));
    const grown = scale / this.scale;
    this.scale = scale;
    this.x = at.x - (at.x - this.x) * grown;
    this.y = at.y - (at.y - this.y) * grown;
    this.pan(0, 0);
  }

  /** Move, but never so that the window shows nothing where it could show picture. */
  pan(dx, dy) {
    this.x = held(this.x + dx, this.#room.width, this.#picture.width * this.scale);
    this.y = held(this.y + dy, this.#room.height, this.#picture.height * this.scale);
  }

  /** Move just so far that the box is seen. */
  reveal(box) {
    const { x, y, width, height } = this.onScreen(box);
    this.pan(inward(x, width, this.#room.width), inward(y, height, this.#room.height));
  }

  onScreen({ x, y, width, height }) {
    return {
      x: x * this.scale + this.x, y: y * this.scale + this.y, width: width * this.scale, height: height * this.scale,
    };
  }

  inPicture({ x, y }) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  get #fitting() {
    return Math.min(this.#room.width / this.#picture.width, this.#room.height / this.#picture.height);
  }
}

const held = (start, room, size) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, start)));

function inward(start, size, room) {
  if (start < 0) return -start;
  return start + size > room ? room - start - size : 0;
}
