// The elements, paths and UI strings that the template gives to the scripts of the draw page.

const NOT_A_DIGIT = 10; // index of its phrase in uiStrings.labels

/**
 * Return the element with this id. Its type is not checked, because it depends on the template.
 *
 * @param {string} id
 * @returns {any}
 */
export const $ = (id) => document.getElementById(id);

/** @type {DOMStringMap} */
export const page = $("main").dataset;
export const uiStrings = JSON.parse($("ui-strings").textContent);

const percentFormat = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

/**
 * Replace each {name} in the template.
 *
 * @param {string} template
 * @param {Record<string, any>} values
 */
export function fill(template, values) {
  return template.replace(/{(\w+)}/g, (_, name) => values[name]);
}

/**
 * Never show 100%: the network cannot be certain.
 *
 * @param {number} share
 */
export function formatPercent(share) {
  return percentFormat.format(Math.min(0.99, share));
}

/** @param {number | null | undefined} digit Null means "not a digit". */
export const labelPhrase = (digit) => uiStrings.labels[digit ?? NOT_A_DIGIT];

/**
 * Return "42" for several digits, but "a 4" for a single one.
 *
 * @param {(number | null)[]} digits
 */
export function numberPhrase(digits) {
  if (digits.length === 1) return labelPhrase(digits[0]);
  return digits.map((digit) => digit ?? "?").join("");
}
