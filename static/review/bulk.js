// Bulk review: arrow keys move between drawings, and the page counts the selected ones.

const form = document.getElementById("bulk-form");
/** @type {NodeListOf<HTMLInputElement>} */
const checkboxList = document.querySelectorAll("#bulk-form [name=excluded]");
const checkboxes = [...checkboxList];
const selectionCount = document.getElementById("selection-count");

// Find the first drawing that is lower than the first one. It starts the second row.
function columnCount() {
  const top = (checkbox) => checkbox.closest("li").offsetTop;
  const secondRow = checkboxes.findIndex((checkbox) => top(checkbox) > top(checkboxes[0]));
  return secondRow < 0 ? checkboxes.length : secondRow;
}

function onKeyDown(event) {
  const index = checkboxes.indexOf(event.target);
  const columns = columnCount();
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (index < 0 || !(event.key in steps)) return;
  event.preventDefault();
  checkboxes[index + steps[event.key]]?.focus();
}

function showSelectionCount() {
  const excluded = checkboxes.filter((checkbox) => checkbox.checked).length;
  const remaining = checkboxes.length - excluded;
  selectionCount.textContent = selectionCount.dataset.text
    .replace("{excluded}", String(excluded))
    .replace("{remaining}", String(remaining));
}

form?.addEventListener("keydown", onKeyDown);
form?.addEventListener("change", showSelectionCount);
if (form) showSelectionCount();
