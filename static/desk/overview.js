// What the next training would learn takes a while to count, so it is asked for afterwards.

const place = document.getElementById("next-training");

async function count() {
  place.textContent = place.dataset.waiting;
  try {
    const response = await fetch(place.dataset.url);
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    place.replaceChildren(...page.getElementById("next-training").childNodes);
  } catch {
    place.textContent = place.dataset.lost;
  }
}

count();
