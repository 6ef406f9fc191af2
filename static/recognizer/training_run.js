// Keep the page of a training run up to date. Without JavaScript, the page reloads itself.

import { isLoggedOut, request } from "../api.js";

const POLL_INTERVAL_MS = 1000;
/** @type {HTMLElement} */
const page = document.querySelector("[data-progress]");
const progressBar = page.querySelector("progress");
const message = page.querySelector(".message");
const log = page.querySelector(".log");

// Change an element only when its text differs. Otherwise a screen reader would repeat the text,
// and a selection in the log would be lost.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function poll() {
  try {
    const { ok, status, body: run } = await request("GET", page.dataset.progress);
    if (!ok) throw new Error(`status ${status}`);
    // The page looks different in each state. At the end, for example, it shows the scores.
    if (run.state !== page.dataset.state) return location.reload();
    setText(message, run.message);
    if (run.log) setText(log, run.log);
    if (run.share !== null) progressBar.value = run.share;
  } catch (error) {
    if (isLoggedOut(error)) return location.reload(); // to the login page
    setText(message, "The server is not responding. Trying again …");
  }
  setTimeout(poll, POLL_INTERVAL_MS);
}

setTimeout(poll, POLL_INTERVAL_MS);
