// Requests of the review pages.

import { csrfToken } from "../csrf.js";

const REQUEST_TIMEOUT_MS = 10_000;

// Send a form. `body` is the JSON in the response, or null. Throw a network error, or the response
// if the request may succeed later.
export async function send(url, fields) {
  const response = await fetch(url, {
    method: "POST",
    keepalive: true, // Save a decision even when the page is closing.
    headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (response.status === 401 || response.status === 429 || response.status >= 500) throw response;
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { ok: response.ok, body: isJson ? await response.json() : null };
}
