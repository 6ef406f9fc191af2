// The pens: mouse, finger and stylus, and one that is moved with the arrow keys.

import { SIDE } from "./paper.js";

const NEAR = 1.5; // units; a point that is nearer to the one before says nothing new
const STEP = 7; // units that an arrow key moves the pen
const FINE_STEP = 2; // ... together with Shift
const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1], // as on the numeric keypad
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

// `hand` is told what the pens do: begin(), move(stroke), end(stroke), and lift(isDown) for the
// keyboard's; hand.width() is how wide they draw.
export function usePointers(canvas, hand) {
  let stroke = null;

  function add({ offsetX, offsetY, timeStamp, pointerType, pressure }) {
    const scale = SIDE / canvas.clientWidth;
    const inUnits = (pixels) => Math.round(pixels * scale * 10) / 10;
    const point = [inUnits(offsetX), inUnits(offsetY), Math.round(timeStamp)];
    if (pointerType === "pen") point.push(pressure);
    const last = stroke.points.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < NEAR) return;
    stroke.points.push(point);
  }

  function begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = { width: hand.width(), points: [] };
    add(event);
    hand.begin();
    hand.move(stroke);
  }

  function move(event) {
    if (!stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) add(each);
    hand.move(stroke);
  }

  function end(event) {
    if (!stroke || !event.isPrimary) return;
    const finished = stroke;
    stroke = null;
    hand.end(finished);
  }

  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

// Arrow keys move the pen, two together slantwise; Space puts it down and lifts it.
export function useKeys(canvas, cursor, hand) {
  const held = new Set();
  let [x, y] = [SIDE / 2, SIDE / 4];
  let stroke = null;

  function show() {
    cursor.style.left = `${(100 * x) / SIDE}%`;
    cursor.style.top = `${(100 * y) / SIDE}%`;
    cursor.classList.toggle("down", stroke !== null);
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      if (!event.repeat) (stroke ? lift : putDown)(event);
    } else if (event.key in DIRECTIONS) {
      held.add(event.key);
      step(event);
    } else return;
    event.preventDefault();
    show();
  }

  function step({ shiftKey, timeStamp }) {
    const along = (axis) =>
      Math.sign([...held].reduce((sum, key) => sum + DIRECTIONS[key][axis], 0)) *
      (shiftKey ? FINE_STEP : STEP);
    x = Math.min(Math.max(x + along(0), 0), SIDE);
    y = Math.min(Math.max(y + along(1), 0), SIDE);
    if (!stroke) return;
    stroke.points.push([x, y, Math.round(timeStamp)]);
    hand.move(stroke);
  }

  function putDown({ timeStamp }) {
    stroke = { width: hand.width(), points: [[x, y, Math.round(timeStamp)]] };
    hand.begin();
    hand.move(stroke);
    hand.lift(false);
  }

  function lift() {
    const finished = stroke;
    stroke = null;
    hand.end(finished);
    hand.lift(true);
  }

  function leave() {
    held.clear();
    if (stroke) lift();
    show();
  }

  canvas.addEventListener("keydown", press);
  canvas.addEventListener("keyup", ({ key }) => held.delete(key));
  canvas.addEventListener("blur", leave);
  show();
  return { isDown: () => stroke !== null, drop: () => ((stroke = null), show()) };
}
