// Single-key shortcuts. Reviewers can turn them off, because speech input can trigger them.

const STORAGE_KEY = "review-shortcuts"; // in localStorage: "on" or "off"

const checkbox = document.getElementById("shortcuts-enabled");

// Show the stored setting in the checkbox, and store its changes.
export function rememberShortcutSetting() {
  checkbox.checked = localStorage.getItem(STORAGE_KEY) !== "off";
  checkbox.addEventListener("change", () => {
    localStorage.setItem(STORAGE_KEY, checkbox.checked ? "on" : "off");
  });
}

// Return the pressed key in lower case, or "" if it is not a shortcut.
export function pressedShortcut(event) {
  const isModified = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  return checkbox.checked && !isModified ? event.key.toLowerCase() : "";
}
