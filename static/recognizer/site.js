// What the site tells the page: paths and words; and how the page asks the site.

const PATIENCE = 10_000; // ms to wait for the server
const CLOSING = 60_000; // characters that a page may still send while it is being closed

export const $ = (id) => document.getElementById(id);
export const page = $("page").dataset;
export const words = JSON.parse($("words").textContent);

export function fill(sentence, values) {
  return sentence.replace(/{(\w+)}/g, (_, name) => values[name]);
}

// Resolves to {ok, body}, an answer or a refusal; rejects when trying again may help.
export async function ask(method, url, body, caller) {
  const content = body && JSON.stringify(body);
  const aborter = new AbortController();
  caller?.addEventListener("abort", () => aborter.abort());
  const timer = setTimeout(() => aborter.abort(), PATIENCE);
  try {
    const response = await fetch(url, {
      method,
      body: content,
      headers: { "Content-Type": "application/json", "X-CSRFToken": page.csrf },
      keepalive: !caller && (content ?? "").length < CLOSING, // what nobody can call back
      signal: aborter.signal,
    });
    if (response.status === 429 || response.status >= 500) throw response;
    return { ok: response.ok, body: response.status === 204 ? null : await response.json() };
  } finally {
    clearTimeout(timer);
  }
}
