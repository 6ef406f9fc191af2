// Drawing input: mouse, finger and stylus, and a pen that the arrow keys move.
//
// Both classes report to a `Pen`.

import { SIDE } from "./canvas.js";

/** @import { Pen, Stroke } from "./types" */

// All distances are in the canvas's own units.
const MIN_POINT_DISTANCE = 1.5; // Closer points are left out.
const KEY_STEP = 7; // per press of an arrow key
const FINE_KEY_STEP = 2; // per press together with Shift
const STYLUS_PRIORITY_MS = 1000; // Ignore touches this long after a stylus was at the canvas.
/** @type {Record<string, number[]>} */
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

/**
 * Follow one pointer at a time. A stylus has priority: the touch of a palm neither draws nor disturbs
 * its stroke.
 */
export class PointerInput {
  #canvas;
  #pen;
  #area = new DOMRect(); // of the canvas in the window
  #pointerId = NaN;
  #pointerType = "";
  /** @type {Stroke | null} */
  #stroke = null;
  #lastStylusTime = -Infinity;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Pen} pen
   */
  constructor(canvas, pen) {
    this.#canvas = canvas;
    this.#pen = pen;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("lostpointercapture", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    this.#noticeStylus(event);
    if (event.button !== 0 || this.#isPalm(event)) return;
    if (this.#stroke && !this.#takesOver(event)) return;
    this.#pointerId = event.pointerId;
    this.#pointerType = event.pointerType;
    this.#area = this.#canvas.getBoundingClientRect();
    this.#stroke = { width: this.#pen.width(), points: [] };
    this.#canvas.setPointerCapture(event.pointerId);
    this.#addPoint(this.#stroke, event);
    this.#pen.beginStroke();
    this.#pen.continueStroke(this.#stroke);
  }

  /**
   * End or discard the current stroke if the pointer may start another one.
   *
   * @param {PointerEvent} event
   */
  #takesOver({ pointerType, isPrimary }) {
    // A primary pointer has no other of its type next to it, so the end of the stroke was lost.
    if (isPrimary && pointerType === this.#pointerType) this.#finish();
    // The palm came before the stylus.
    else if (pointerType === "pen" && this.#pointerType === "touch") this.#discard();
    return !this.#stroke;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    this.#noticeStylus(event);
    if (!this.#stroke || event.pointerId !== this.#pointerId) return;
    // Another window may have received the end of the stroke.
    if (!event.buttons) return this.#end(event);
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) this.#addPoint(this.#stroke, each);
    this.#pen.continueStroke(this.#stroke);
  }

  /** @param {PointerEvent} event */
  #end({ pointerId }) {
    if (pointerId === this.#pointerId) this.#finish();
  }

  #finish() {
    if (!this.#stroke) return;
    const finished = this.#stroke;
    this.#stroke = null;
    this.#pen.endStroke(finished);
  }

  /**
   * The browser cancels a touch that it takes for a palm or for a gesture.
   *
   * @param {PointerEvent} event
   */
  #cancel(event) {
    if (event.pointerType === "touch" && event.pointerId === this.#pointerId) this.#discard();
    this.#end(event);
  }

  #discard() {
    if (!this.#stroke) return;
    this.#stroke = null;
    this.#pen.discardStroke();
  }

  /** @param {PointerEvent} event */
  #noticeStylus({ pointerType, timeStamp }) {
    if (pointerType === "pen") this.#lastStylusTime = timeStamp;
  }

  /** @param {PointerEvent} event */
  #isPalm({ pointerType, timeStamp }) {
    return pointerType === "touch" && timeStamp - this.#lastStylusTime < STYLUS_PRIORITY_MS;
  }

  /**
   * @param {Stroke} stroke
   * @param {PointerEvent} event
   */
  #addPoint({ points }, { clientX, clientY, timeStamp, pointerType, pressure }) {
    const scale = SIDE / this.#area.width;
    /** @param {number} pixels */
    const toUnits = (pixels) => Math.round(pixels * scale * 10) / 10;
    const point = [toUnits(clientX - this.#area.left), toUnits(clientY - this.#area.top)];
    point.push(Math.round(timeStamp));
    if (pointerType === "pen") point.push(pressure);
    const last = points.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < MIN_POINT_DISTANCE) return;
    points.push(point);
  }
}

// Arrow keys move the pen, two at once diagonally. Space puts the pen down and lifts it.
export class KeyboardInput {
  #cursor;
  #pen;
  #heldKeys = new Set();
  #x = SIDE / 2;
  #y = SIDE / 4;
  /** @type {Stroke | null} */
  #stroke = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} cursor
   * @param {Pen} pen
   */
  constructor(canvas, cursor, pen) {
    this.#cursor = cursor;
    this.#pen = pen;
    canvas.addEventListener("keydown", (event) => this.#onKeyDown(event));
    canvas.addEventListener("keyup", ({ key }) => void this.#heldKeys.delete(key));
    canvas.addEventListener("blur", () => this.#onBlur());
    this.#showCursor();
  }

  /** End the current stroke, if there is one. */
  finishStroke() {
    if (!this.#stroke) return;
    this.#liftPen();
    this.#showCursor();
  }

  #showCursor() {
    this.#cursor.style.left = `${(100 * this.#x) / SIDE}%`;
    this.#cursor.style.top = `${(100 * this.#y) / SIDE}%`;
    this.#cursor.classList.toggle("down", this.#stroke !== null);
  }

  /** @param {KeyboardEvent} event */
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
    this.finishStroke();
  }

  /** @param {KeyboardEvent} event */
  #step({ shiftKey, timeStamp }) {
    const step = shiftKey ? FINE_KEY_STEP : KEY_STEP;
    /** @type {(position: number, axis: number) => number} */
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

  /** @param {KeyboardEvent} event */
  #togglePen(event) {
    if (this.#stroke) this.#liftPen();
    else this.#putPenDown(event);
  }

  /** @param {KeyboardEvent} event */
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
    if (finished) this.#pen.endStroke(finished);
    this.#pen.penToggled(true);
  }
}
