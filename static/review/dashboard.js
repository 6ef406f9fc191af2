// Load the counts for the next training run separately, because they take a while.

const panel = document.getElementById("next-training");

async function loadCounts() {
  panel.textContent = panel.dataset.loading;
  try {
    const response = await fetch(panel.dataset.url);
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    panel.replaceChildren(...page.getElementById("next-training").childNodes);
  } catch {
    panel.textContent = panel.dataset.offline;
  }
}

loadCounts();
