// The browser's storage and cookies. A browser that blocks cookies also blocks the storage: then
// reading it throws a SecurityError, and the pages work without it.

export const DRAWING_KEY = "drawings"; // of the drawing on the canvas, and of unsaved ones

const TOKEN_FIELD = "[name=csrfmiddlewaretoken]";
const EXPECTED_ERRORS = ["SecurityError", "QuotaExceededError"];

/** Texts that survive a reload: in `localStorage` for ever, in `sessionStorage` in this tab only. */
class Area {
  /** @param {"localStorage" | "sessionStorage"} name */
  constructor(name) {
    this.name = name;
  }

  /** @param {string} key */
  get(key) {
    return attempt(() => window[this.name]?.getItem(key)) ?? null;
  }

  /**
   * Store the text, or remove it if it is null. A text that is too large is removed, too.
   *
   * @param {string} key
   * @param {string | null} text
   */
  set(key, text) {
    attempt(() => window[this.name]?.removeItem(key));
    if (text !== null) attempt(() => window[this.name]?.setItem(key, text));
  }
}

export const lasting = new Area("localStorage");
export const ofTab = new Area("sessionStorage");

// Read the cookie for each request, because a new login changes it. The result is "" if the browser
// blocks cookies. Then the server requires no token.
export function csrfToken() {
  return attempt(() => document.cookie)?.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

/**
 * Give each form the current token when it is sent, because a login in another tab changes it.
 */
export function renewFormTokens() {
  document.addEventListener("submit", ({ target }) => {
    const field = /** @type {HTMLFormElement} */ (target).querySelector(TOKEN_FIELD);
    if (field && csrfToken()) /** @type {HTMLInputElement} */ (field).value = csrfToken();
  });
}

/** Show the element that says what does not work without cookies. Each page sets a cookie. */
export function warnWithoutCookies() {
  const warning = document.getElementById("cookies-blocked");
  if (warning) warning.hidden = csrfToken() !== "";
}

/**
 * Return the result of `use`, or undefined if the browser forbids it.
 *
 * @template T
 * @param {() => T} use
 */
function attempt(use) {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof DOMException && EXPECTED_ERRORS.includes(error.name))) throw error;
  }
}
