const STILL = 5; // pixels that a tap may wander

/**
 * Mouse, pen and fingers over a view: a drag pans; pinch, wheel and a double press zoom; a tap is told. The wheel
 * scrolls the page until the element has the focus or Ctrl is held (a touchpad's pinch comes so), and again where
 * there is nothing to zoom out.
 *
 *   followGestures(element, view, { changed, tapped, hovered });      points are in CSS pixels of the element
 */
export function followGestures(element, view, { changed, tapped, hovered }) {
  const down = new Map(); // pointer id -> where it is
  let wandered = 0;
  const point = ({ clientX, clientY }) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (!down.size) wandered = 0;
    down.set(event.pointerId, point(event));
    element.setPointerCapture(event.pointerId);
  });

  element.addEventListener("pointermove", (event) => {
    const [before, now] = [down.get(event.pointerId), point(event)];
    if (!before) return hovered(now);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    wandered += Math.hypot(now.x - before.x, now.y - before.y);
    down.set(event.pointerId, now);
    if (other) {
      view.zoom(apart(now, other) / Math.max(1, apart(before, other)), middle(now, other));
      view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (wandered > STILL) {
      view.pan(now.x - before.x, now.y - before.y);
    }
    changed();
  });

  element.addEventListener("pointerup", (event) => {
    if (down.delete(event.pointerId) && !down.size && wandered <= STILL) tapped(point(event));
  });
  element.addEventListener("pointercancel", ({ pointerId }) => down.delete(pointerId));
  element.addEventListener("pointerleave", () => hovered(null));

  element.addEventListener("dblclick", (event) => {
    view.zoom(2, point(event));
    changed();
  });

  element.addEventListener("wheel", (event) => {
    const wanted = event.ctrlKey || event.metaKey || element === document.activeElement;
    const out = event.deltaY > 0;
    if (!wanted || (out && !view.zoomed && !event.ctrlKey)) return;
    event.preventDefault();
    view.zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 200), point(event));
    changed();
  }, { passive: false });
}

const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
