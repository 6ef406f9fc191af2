// Keeps the page of a training run up to date; without it the page reloads itself.

const EVERY_MS = 1000;
const page = document.querySelector("[data-progress]");
const bar = page.querySelector("progress");
const words = page.querySelector(".words");
const log = page.querySelector(".log");

function set(element, text) {
  // Only what is new, or a screen reader would read it again and a selection would be lost.
  if (element.textContent !== text) element.textContent = text;
}

async function look() {
  try {
    const answer = await fetch(page.dataset.progress, { redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.reload(); // logged out
    if (!answer.ok) throw new Error(answer.statusText);
    const run = await answer.json();
    // Another state is another page: other buttons, in the end the scores.
    if (run.state !== page.dataset.state) return location.reload();
    set(words, run.words);
    if (run.log) set(log, run.log);
    if (run.share !== null) bar.value = run.share;
  } catch {
    set(words, "The site does not answer. Trying again …");
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
