// Drawing input: mouse, finger and stylus, and a pen that the arrow keys move.
//
// Both classes report to a `pen` object: beginStroke(), continueStroke(stroke), endStroke(stroke),
// and for the keyboard penToggled(isUp). pen.width() is the width of the next stroke.

import { SIDE } from "./canvas.js";

// All distances are in the canvas's own units.
const MIN_POINT_DISTANCE = 1.5; // Closer points are left out.
const KEY_STEP = 7; // per press of an arrow key
const FINE_KEY_STEP = 2; // per press together with Shift
const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  // The keys around the arrows of the numeric keypad move diagonally.
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

export class PointerInput {
  #canvas;
  #pen;
  #stroke = null;

  constructor(canvas, pen) {
    this.#canvas = canvas;
    this.#pen = pen;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", (event) => this.#end(event));
  }

  #begin(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#stroke = { width: this.#pen.width(), points: [] };
    this.#addPoint(event);
    this.#pen.beginStroke();
    this.#pen.continueStroke(this.#stroke);
  }

  #move(event) {
    if (!this.#stroke || !event.isPrimary) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) this.#addPoint(each);
    this.#pen.continueStroke(this.#stroke);
  }

  #end(event) {
    if (!this.#stroke || !event.isPrimary) return;
    const finished = this.#stroke;
    this.#stroke = null;
    this.#pen.endStroke(finished);
  }

  #addPoint({ offsetX, offsetY, timeStamp, pointerType, pressure }) {
    const scale = SIDE / this.#canvas.clientWidth;
    const toUnits = (pixels) => Math.round(pixels * scale * 10) / 10;
    const point = [toUnits(offsetX), toUnits(offsetY), Math.round(timeStamp)];
    if (pointerType === "pen") point.push(pressure);
    const last = this.#stroke.points.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < MIN_POINT_DISTANCE) return;
    this.#stroke.points.push(point);
  }
}

// Arrow keys move the pen, two at once diagonally. Space puts the pen down and lifts it.
export class KeyboardInput {
  #cursor;
  #pen;
  #heldKeys = new Set();
  #x = SIDE / 2;
  #y = SIDE / 4;
  #stroke = null;

  constructor(canvas, cursor, pen) {
    this.#cursor = cursor;
    this.#pen = pen;
    canvas.addEventListener("keydown", (event) => this.#onKeyDown(event));
    canvas.addEventListener("keyup", ({ key }) => this.#heldKeys.delete(key));
    canvas.addEventListener("blur", () => this.#onBlur());
    this.#showCursor();
  }

  discardStroke() {
    this.#stroke = null;
    this.#showCursor();
  }

  #showCursor() {
    this.#cursor.style.left = `${(100 * this.#x) / SIDE}%`;
    this.#cursor.style.top = `${(100 * this.#y) / SIDE}%`;
    this.#cursor.classList.toggle("down", this.#stroke !== null);
  }

  #onKeyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      if (!event.repeat) this.#togglePen(event);
    } else if (event.key in DIRECTIONS) {
      this.#heldKeys.add(event.key);
      this.#step(event);
    } else return;
    event.preventDefault();
    this.#showCursor();
  }

  // Leaving the canvas ends the stroke.
  #onBlur() {
    this.#heldKeys.clear();
    if (this.#stroke) this.#liftPen();
    this.#showCursor();
  }

  #step({ shiftKey, timeStamp }) {
    const step = shiftKey ? FINE_KEY_STEP : KEY_STEP;
    const move = (position, axis) => {
      const sum = [...this.#heldKeys].reduce((total, key) => total + DIRECTIONS[key][axis], 0);
      return Math.min(Math.max(position + Math.sign(sum) * step, 0), SIDE);
    };
    this.#x = move(this.#x, 0);
    this.#y = move(this.#y, 1);
    if (!this.#stroke) return;
    this.#stroke.points.push([this.#x, this.#y, Math.round(timeStamp)]);
    this.#pen.continueStroke(this.#stroke);
  }

  #togglePen(event) {
    if (this.#stroke) this.#liftPen();
    else this.#putPenDown(event);
  }

  #putPenDown({ timeStamp }) {
    const point = [this.#x, this.#y, Math.round(timeStamp)];
    this.#stroke = { width: this.#pen.width(), points: [point] };
    this.#pen.beginStroke();
    this.#pen.continueStroke(this.#stroke);
    this.#pen.penToggled(false);
  }

  #liftPen() {
    const finished = this.#stroke;
    this.#stroke = null;
    this.#pen.endStroke(finished);
    this.#pen.penToggled(true);
  }
}
