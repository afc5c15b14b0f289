// Keys are declared where they act: data-key="g w" on a link, button or field. The help dialog
// lists what it finds on the page, so it cannot promise a key that does nothing.

import { tinykeys } from "../vendor/tinykeys.js";

const STORED = "wf.keys";
const NAMES = { Shift: "⇧", Control: "Ctrl", Escape: "Esc", ArrowLeft: "←", ArrowRight: "→" };

let release = () => {};

export function startKeys() {
  document.documentElement.dataset.keys = isOn() ? "on" : "off";
  startDialog();
  bind();
  // Rows and forms that arrive later bring keys of their own.
  document.addEventListener("htmx:after:settle", bind);
  document.addEventListener("wf:content", bind);
}

function isOn() {
  return localStorage.getItem(STORED) !== "off";
}

function bind() {
  release();
  const keys = new Set([...document.querySelectorAll("[data-key]")].map((one) => one.dataset.key));
  const bindings = Object.fromEntries(
    [...keys].map((key) => [onAnyKeyboard(key), (event) => press(key, event)]),
  );
  release = tinykeys(window, bindings, { ignore: isTyping });
}

// "?" and "/" need Shift on some keyboards and none on others.
function onAnyKeyboard(key) {
  return key.replace(/(^|\s)([^\w\s])(?=$|\s)/g, "$1[Shift]+$2");
}

export function isTyping(event) {
  const target = event.target;
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  const isInside = target.matches?.(fields) || document.querySelector("dialog[open]") !== null;
  return event.isComposing || isInside;
}

// Single keys may be switched off (WCAG 2.1.4); what needs Control or Meta stays.
function press(key, event) {
  if (event.repeat || (!isOn() && !event.ctrlKey && !event.metaKey)) return;
  const target = chosen(key);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, select, textarea")) target.focus();
  else target.click();
}

// In the chosen row first, then the first that can be seen.
function chosen(key) {
  const all = `[data-key="${CSS.escape(key)}"]`;
  const row = document.querySelector("[data-row][data-chosen], [data-row]:focus-within");
  const candidates = [...(row?.querySelectorAll(all) ?? []), ...document.querySelectorAll(all)];
  return candidates.find((one) => !one.disabled && one.checkVisibility()) ?? folded(candidates);
}

// On a narrow screen a place may be folded away behind "More"; its key still leads there.
function folded(candidates) {
  return candidates.find((one) => one.matches("a[href], [data-keys-help]"));
}

function startDialog() {
  const dialog = document.querySelector("[data-keys-dialog]");
  const opener = document.querySelector("[data-keys-help]");
  if (!dialog || !opener) return;
  opener.hidden = false;
  opener.addEventListener("click", () => {
    opener.closest("[popover]")?.hidePopover?.();
    fill(dialog.querySelector("[data-keys-list]"));
    dialog.showModal();
  });
  const box = dialog.querySelector("[data-keys-switch]");
  box.checked = isOn();
  box.addEventListener("change", () => {
    localStorage.setItem(STORED, box.checked ? "on" : "off");
    document.documentElement.dataset.keys = box.checked ? "on" : "off";
  });
}

function fill(list) {
  const lines = new Map();
  for (const one of document.querySelectorAll("[data-key][data-key-words]")) {
    lines.set(one.dataset.key, one.dataset.keyWords);
  }
  if (document.querySelector("[data-rows] [data-row]")) {
    for (const line of list.dataset.rowKeys.split("|")) lines.set(...line.split("="));
  }
  list.replaceChildren(...[...lines].flatMap(([keys, words]) => listed(keys, words)));
}

function listed(keys, words) {
  const term = document.createElement("dt");
  for (const key of keys.split(" ")) {
    const cap = document.createElement("kbd");
    cap.textContent = NAMES[key] ?? key;
    term.append(cap, " ");
  }
  const meaning = document.createElement("dd");
  meaning.textContent = words;
  return [term, meaning];
}
