// What the page gets from the server: paths, translated strings, and responses of the API.

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_KEEPALIVE_CHARS = 60_000; // A closing page can send at most 64 KB.

export const $ = (id) => document.getElementById(id);
export const page = $("main").dataset;
export const uiStrings = JSON.parse($("ui-strings").textContent);

const percentFormat = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

export function fill(template, values) {
  return template.replace(/{(\w+)}/g, (_, name) => values[name]);
}

// Never show 100%: the network cannot be certain.
export function formatPercent(share) {
  return percentFormat.format(Math.min(0.99, share));
}

// The same function as in csrf.js: importing it would cost the first visit a request.
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

// Resolve to {ok, body} when the server accepts or refuses the request. Reject when a retry may
// help: with the Response of a busy server, or with a network error. The caller can cancel the
// request with `callerSignal`.
export async function request(method, url, body, callerSignal) {
  const content = body && JSON.stringify(body);
  const controller = new AbortController();
  callerSignal?.addEventListener("abort", () => controller.abort());
  const timer = setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method,
      body: content,
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": csrfToken(),
        // The server ignores the token of a new visitor as soon as the browser sends a cookie.
        "X-Owner-Token": page.ownerToken,
      },
      // A request that can be cancelled is not worth finishing after the page closes.
      keepalive: !callerSignal && (content ?? "").length < MAX_KEEPALIVE_CHARS,
      signal: controller.signal,
    });
    if (response.status >= 500) throw response;
    const body = response.status === 204 ? null : await response.json();
    // A retry after a minute helps, but not after a limit per day.
    if (response.status === 429 && body.code !== "storage_limit") throw response;
    return { ok: response.ok, body };
  } finally {
    clearTimeout(timer);
  }
}
