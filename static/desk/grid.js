// The grid: arrow keys go from drawing to drawing, and what is ticked is counted.

const form = document.getElementById("sweep");
const boxes = form ? [...form.querySelectorAll("[name=odd]")] : [];
const count = document.getElementById("count");

// How many stand side by side: as many as are at the same height as the first.
function columns() {
  const top = (box) => box.closest("li").offsetTop;
  const next = boxes.findIndex((box) => top(box) > top(boxes[0]));
  return next < 0 ? boxes.length : next;
}

function onKey(event) {
  const at = boxes.indexOf(event.target);
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() };
  if (at < 0 || !(event.key in steps)) return;
  event.preventDefault();
  boxes[at + steps[event.key]]?.focus();
}

function tally() {
  const odd = boxes.filter((box) => box.checked).length;
  const text = count.dataset.text.replace("{odd}", odd).replace("{rest}", boxes.length - odd);
  count.textContent = text;
}

form?.addEventListener("keydown", onKey);
form?.addEventListener("change", tally);
if (form) tally();
