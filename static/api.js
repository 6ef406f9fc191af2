// Requests to this site: CSRF token, timeout, and which responses are worth a retry.

import { csrfToken } from "./storage.js";

const TIMEOUT_MS = 10_000; // in addition to the time that the body takes
const MIN_CHARS_PER_MS = 5; // A slower connection is cancelled.
const RETRY_AFTER_MS = 3000;
const MAX_KEEPALIVE_CHARS = 60_000; // A closing page can send at most 64 KB.

/**
 * @typedef {object} Options
 * @property {object} [json] The body, as JSON.
 * @property {Record<string, any>} [form] The body, as the fields of a form.
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal] Cancels the request.
 *
 * @typedef {{ok: boolean, status: number, body: any}} Answer The body is parsed JSON, or null.
 */

/**
 * Resolve when the server accepts or refuses the request. Reject when a retry may help: with the
 * Response of a busy server, with the Response 401 or a redirect after a logout, or with a network
 * error.
 *
 * @param {string} method
 * @param {string} url
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function request(method, url, options = {}) {
  const answer = await attempt(method, url, options);
  if (answer.status !== 403 || method === "GET") return answer;
  // The browser lost the CSRF cookie, or a login in another tab has just replaced it.
  await renewToken(options.signal);
  return attempt(method, url, options);
}

/**
 * Return how long to wait before the next try.
 *
 * @param {unknown} error With which `request` rejected.
 */
export function retryDelayMs(error) {
  const seconds = error instanceof Response && error.headers.get("Retry-After");
  return Number(seconds) * 1000 || RETRY_AFTER_MS;
}

/** @param {unknown} error With which `request` rejected. */
export function isLoggedOut(error) {
  return error instanceof Response && (error.status === 401 || error.type === "opaqueredirect");
}

/**
 * @param {string} method
 * @param {string} url
 * @param {Options} options
 * @returns {Promise<Answer>}
 */
async function attempt(method, url, { json, form, headers, signal }) {
  const content = json ? JSON.stringify(json) : form && new URLSearchParams(form).toString();
  const type = json ? "application/json" : "application/x-www-form-urlencoded";
  const timeoutMs = TIMEOUT_MS + (content ?? "").length / MIN_CHARS_PER_MS;
  return withTimeout(timeoutMs, signal, async (deadline) => {
    const response = await fetch(url, {
      method,
      body: content,
      headers: {
        Accept: "application/json",
        "X-CSRFToken": csrfToken(),
        ...(content && { "Content-Type": type }),
        ...headers,
      },
      redirect: "manual", // The API never redirects. Other pages redirect to the login.
      // A request that can be cancelled is not worth finishing after the page closes.
      keepalive: !signal && (content ?? "").length < MAX_KEEPALIVE_CHARS,
      signal: deadline,
    });
    return read(response);
  });
}

/**
 * Call `use` with a signal that aborts when the time is up, or when `signal` aborts.
 *
 * @template T
 * @param {number} ms
 * @param {AbortSignal | undefined} signal
 * @param {(deadline: AbortSignal) => Promise<T>} use
 */
async function withTimeout(ms, signal, use) {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal?.addEventListener("abort", abort);
  const timer = setTimeout(abort, ms);
  try {
    return await use(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
async function read(response) {
  if (response.status >= 500 || isLoggedOut(response)) throw response;
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const body = isJson ? await response.json() : null;
  // A retry after a minute helps, but not after a limit per day.
  if (response.status === 429 && body?.code !== "storage_limit") throw response;
  return { ok: response.ok, status: response.status, body };
}

/**
 * Every page that sends requests sets the cookie again.
 *
 * @param {AbortSignal} [signal] Cancels the request.
 */
function renewToken(signal) {
  return withTimeout(TIMEOUT_MS, signal, (deadline) =>
    fetch(location.href, { method: "HEAD", signal: deadline }),
  );
}
