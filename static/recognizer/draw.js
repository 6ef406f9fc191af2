// The drawing page: draw a digit, see what the network reads, say what it is.

const SIDE = 280; // a drawing's units, and the pixels of the picture that is sent
const PEN = 18; // the pen's width in those units
const REST = 2000; // ms without the pen: the drawing is finished
const LOOK_EVERY = 300; // ms between guesses during a stroke
const PATIENCE = 10_000; // ms to wait for the server
const RETRY = 3000; // ms until the next try after a lost connection
const MAX_STROKES = 200; // the server takes no more
const MAX_STROKES_TEXT = 50_000; // a page that is being left may send 64 KB in all

const $ = (id) => document.getElementById(id);
const page = $("page").dataset;
const canvas = $("canvas");
const pen = canvas.getContext("2d");
// The pad holds only the stroke that is being drawn; finished ones move to `drawing.strokes`.
const pad = new window.SignaturePad(canvas, { penColor: "#1b2540", minDistance: 2, throttle: 0 });

let drawing = blank();
const unsaved = new Set(); // drawings of which the server does not know everything yet
let saving = false;
let lost = ""; // what to tell while the server cannot be reached
let asked = 0; // guesses are numbered, so that a late one is not shown
let answered = 0;
let askedAt, restTimer, retryTimer;

function blank() {
  const strokes = []; // each a list of [x, y, time]; never changed, only replaced
  return {
    strokes, // on the paper
    finished: strokes, // to be stored
    tried: strokes, // that the server has stored or refused
    guess: null, // what the network answers
    submission: null, // what is stored
    answer: undefined, // the corrected digit; null is "not a digit"
    said: undefined, // the corrected digit that the server knows
    refusal: "",
    notice: "",
  };
}

// ---- The server ----
// Resolves to {ok, body}, an answer or a refusal; rejects when trying again may help.
async function ask(method, url, body) {
  const response = await fetch(url, {
    method,
    keepalive: url !== page.recognize, // what is to be stored goes out even from a closing page
    headers: { "Content-Type": "application/json", "X-CSRFToken": page.csrf },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout?.(PATIENCE), // older browsers wait for ever
  });
  if (response.status === 429 || response.status >= 500) throw response;
  lost = "";
  return { ok: response.ok, body: response.status === 204 ? null : await response.json() };
}

function tryLater(error) {
  const busy = error instanceof Response;
  const what = drawing.answer === undefined ? "drawing" : "answer";
  lost = `${busy ? "The site is busy" : "No connection"}. Your ${what} is kept; trying again …`;
  clearTimeout(retryTimer);
  retryTimer = setTimeout(catchUp, (busy && error.headers.get("Retry-After") * 1000) || RETRY);
}

function catchUp() {
  if (drawing.strokes.length) look(drawing.strokes);
  save();
}

// ---- Guessing while the visitor draws; nothing is stored ----
async function look(strokes) {
  const number = ++asked;
  askedAt = Date.now();
  try {
    const { ok, body } = await ask("POST", page.recognize, { image: picture(strokes) });
    if (number !== asked) return;
    if (!ok && strokes !== drawing.strokes) return; // nobody wants complaints about half a stroke
    Object.assign(drawing, { guess: ok ? body : null, refusal: ok ? "" : body.detail });
  } catch (error) {
    if (number === asked) tryLater(error);
  } finally {
    answered = Math.max(answered, number);
    render();
  }
}

function forgetGuess() {
  answered = ++asked;
}

// ---- Storing ----
// Brings the server to what the visitor wants, one request after the other: whatever happens
// meanwhile, nothing is stored twice, and a new visitor does not get two sessions.
async function save() {
  if (saving) return; // the loops there see what is new
  saving = true;
  try {
    for (const about of unsaved) {
      while (about.tried !== about.finished || (about.submission && about.said !== about.answer)) {
        await (about.tried !== about.finished ? store(about) : correct(about));
        render();
      }
      unsaved.delete(about);
    }
  } catch (error) {
    tryLater(error);
  }
  saving = false;
  render();
}

async function store(about) {
  const { finished: strokes, submission: earlier } = about;
  const { ok, body } = strokes.length
    ? await ask("POST", page.submissions, packed(strokes))
    : { ok: true, body: null };
  const replaced = ok && earlier && earlier.id !== body?.id;
  if (replaced) await ask("DELETE", `${page.submissions}${earlier.id}/`);
  about.tried = strokes;
  if (!ok) return Object.assign(about, { refusal: body.detail, answer: about.said });
  about.submission = body;
  if (body && strokes === about.strokes) {
    const notice = "Stored. Your answer helps the site to learn.";
    Object.assign(about, { guess: body, refusal: "", notice });
    if (about === drawing) forgetGuess();
  }
}

async function correct(about) {
  const { answer, said, submission } = about;
  const url = `${page.submissions}${submission.id}/correction/`;
  const { ok, body } = await ask("POST", url, { digit: answer });
  const thanks = `Thank you. Stored as ${named(answer)}; a reviewer will look at it.`;
  if (ok) Object.assign(about, { said: answer, notice: thanks });
  else Object.assign(about, { answer: said, notice: body.detail });
}

function packed(strokes) {
  const start = strokes[0][0][2];
  const timed = strokes.map((stroke) => stroke.map(([x, y, time]) => [x, y, time - start]));
  const fits = strokes.length <= MAX_STROKES && JSON.stringify(timed).length <= MAX_STROKES_TEXT;
  return { image: picture(strokes), source: "canvas", strokes: fits ? timed : null };
}

// ---- Paper and pen ----
function paint(context, strokes) {
  const scale = context.canvas.width / SIDE;
  context.save();
  context.setTransform(scale, 0, 0, scale, 0, 0);
  Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    const [[x, y]] = stroke;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 0.01, y); // a line without length would leave no dot
    stroke.forEach(([x1, y1], i) => {
      const [x2, y2] = stroke[i + 1] ?? stroke[i];
      context.quadraticCurveTo(x1, y1, (x1 + x2) / 2, (y1 + y2) / 2);
    });
    context.stroke();
  }
  context.restore();
}

// Always 280 x 280, black on white: the answer does not depend on the screen.
function picture(strokes) {
  const context = document.createElement("canvas").getContext("2d");
  context.canvas.width = context.canvas.height = SIDE;
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE, SIDE);
  paint(context, strokes);
  return context.canvas.toDataURL("image/png");
}

function repaint() {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = pad.penColor;
  paint(pen, drawing.strokes);
}

function fit() {
  const ratio = window.devicePixelRatio;
  canvas.width = canvas.height = Math.round(canvas.clientWidth * ratio);
  pen.scale(ratio, ratio);
  const radius = (PEN / 2) * (canvas.clientWidth / SIDE);
  pad.minWidth = pad.maxWidth = pad.dotSize = radius;
  repaint();
}

function currentStroke() {
  const scale = SIDE / canvas.clientWidth;
  const inUnits = (pixels) => Math.round(pixels * scale * 10) / 10;
  return pad.toData()[0].points.map(({ x, y, time }) => [inUnits(x), inUnits(y), time]);
}

// ---- What the visitor does ----
function beginStroke() {
  clearTimeout(restTimer);
  askedAt = Date.now(); // no guess about a stroke that has only begun
  if (drawing.answer !== undefined) newDrawing();
}

function goOnStroke() {
  if (lost || asked !== answered || Date.now() - askedAt < LOOK_EVERY) return;
  look([...drawing.strokes, currentStroke()]);
}

function endStroke() {
  const stroke = currentStroke();
  pad.clear();
  change([...drawing.strokes, stroke]);
}

function undo() {
  if (!$("undo").disabled) change(drawing.strokes.slice(0, -1));
}

function change(strokes) {
  Object.assign(drawing, { strokes, refusal: "", notice: "" });
  forgetGuess();
  if (strokes.length) look(strokes);
  else drawing.guess = null;
  clearTimeout(restTimer);
  restTimer = setTimeout(finish, REST);
  repaint();
  render();
}

function finish() {
  clearTimeout(restTimer);
  drawing.finished = drawing.strokes;
  unsaved.add(drawing);
  save();
}

function newDrawing() {
  clearTimeout(restTimer);
  // Unless it is stored or answered, it is taken back, also while it is being stored.
  if (!drawing.submission && drawing.answer === undefined) drawing.finished = [];
  forgetGuess();
  lost = "";
  drawing = blank();
  repaint();
  render();
}

function answer({ target }) {
  if (!target.matches("button")) return;
  drawing.answer = JSON.parse(target.value);
  finish();
}

function onKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
  event.preventDefault();
  undo();
}

// ---- What the page shows ----
function named(digit) {
  if (digit === null) return "not a digit";
  return digit === 8 ? "an 8" : `a ${digit}`;
}

function percent(share) {
  return `${Math.min(99, Math.round(share * 100))}\u00a0%`; // nobody is 100 % sure
}

function sentence({ digit, confidence, probabilities }) {
  const sure = `${percent(confidence)} sure`;
  if (digit === null) return `This does not look like a digit — ${sure}`;
  if (confidence >= 0.9) return `I read ${named(digit)} — ${sure}`;
  if (confidence >= 0.6) return `I think this is ${named(digit)} — ${sure}`;
  const others = probabilities.map((share, other) => (other === digit ? 0 : share));
  const second = others.indexOf(Math.max(...others));
  const or = others[second] > 0.15 ? named(second) : "no digit";
  return `This might be ${named(digit)} or ${or} — ${sure}`;
}

// Only what is new, so that screen readers say nothing twice.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function render() {
  const { strokes, guess, answer, refusal, notice } = drawing;
  const waiting = strokes.length ? "Reading …" : "Draw one digit, 0 to 9, as large as you like.";
  const trouble = lost || refusal;
  page.state = trouble ? "trouble" : guess || !strokes.length ? "ready" : "waiting";
  $("verdict").setAttribute("aria-busy", asked !== answered);
  write($("sentence"), trouble || (guess ? sentence(guess) : waiting));
  write($("digit"), guess ? String(guess.digit ?? "not a digit") : "");
  write($("notice"), notice);
  write($("yes"), guess ? `Yes, it’s ${named(guess.digit)}` : "Yes");
  $("yes").value = String(guess?.digit);
  $("undo").disabled = !strokes.length || answer !== undefined;
  $("clear").disabled = !strokes.length;
  $("answers").disabled = !guess;
  for (const button of $("answers").querySelectorAll("button")) {
    const chosen = answer !== undefined && button.value === String(answer);
    button.setAttribute("aria-pressed", chosen);
  }
  renderDetails(guess);
}

function renderDetails(guess) {
  $("digit").classList.toggle("words", guess?.digit === null);
  $("seen").hidden = !guess;
  if (guess && $("seen").src !== guess.seen) $("seen").src = guess.seen;
  [...$("bars").rows].forEach((row, digit) => {
    const share = guess?.probabilities[digit];
    row.classList.toggle("best", guess?.digit === digit);
    row.querySelector("meter").value = share ?? 0;
    write(row.cells[2], guess ? percent(share) : "–");
  });
}

pad.addEventListener("beginStroke", beginStroke);
pad.addEventListener("afterUpdateStroke", goOnStroke);
pad.addEventListener("endStroke", endStroke);
$("undo").addEventListener("click", undo);
$("clear").addEventListener("click", newDrawing);
$("answers").addEventListener("click", answer);
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => document.hidden && finish());
window.addEventListener("online", catchUp);
window.addEventListener("resize", fit); // also when the page is zoomed
new ResizeObserver(fit).observe(canvas);
fit();
render();
