// Counting the next training run takes a while. So the dashboard loads the counts separately.

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
