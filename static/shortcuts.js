// Shortcuts of a single key. They can be turned off, because speech input can trigger them.

import { lasting } from "./storage.js";

const OFF_KEY = "shortcuts-off"; // in localStorage

const checkbox = /** @type {HTMLInputElement} */ (document.getElementById("shortcuts-enabled"));

/** Show the stored setting in the checkbox, and store its changes. */
export function rememberShortcutSetting() {
  checkbox.checked = lasting.get(OFF_KEY) === null;
  checkbox.addEventListener("change", () => {
    lasting.set(OFF_KEY, checkbox.checked ? null : "yes");
  });
}

/**
 * Return the pressed key in lower case, or "" if it is not a shortcut.
 *
 * @param {KeyboardEvent} event
 */
export function pressedShortcut(event) {
  const isModified = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  return checkbox.checked && !isModified ? keyName(event) : "";
}

/**
 * Return the key in lower case. If the keyboard layout has another character there, such as a
 * Cyrillic letter, return the letter or digit that a Latin layout has.
 *
 * @param {KeyboardEvent} event
 */
export function keyName({ key, code, shiftKey }) {
  const digit = code.match(/^(?:Digit|Numpad)(\d)$/)?.[1];
  if (digit && key.length === 1 && !shiftKey) return digit;
  const letter = code.match(/^Key([A-Z])$/)?.[1];
  const isAscii = key.charCodeAt(0) < 128;
  return (letter && !isAscii ? letter : key).toLowerCase();
}
