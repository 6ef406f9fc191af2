// Load the counts for the next training run separately, because they take a while.

const panel = document.getElementById("next-training");

// Unlike a DOMParser, XMLHttpRequest may parse the HTML of a response: Trusted Types allow it,
// because scripts of such a document never run.
const request = new XMLHttpRequest();

function showCounts() {
  const counts = request.response?.getElementById("next-training");
  if (request.status === 200 && counts) panel.replaceChildren(...counts.childNodes);
  else panel.textContent = panel.dataset.offline;
}

panel.textContent = panel.dataset.loading;
request.responseType = "document";
request.addEventListener("loadend", showCounts);
request.open("GET", panel.dataset.url);
request.send();
