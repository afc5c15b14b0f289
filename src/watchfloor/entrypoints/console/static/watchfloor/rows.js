// Walking a list with the keyboard: j and k choose a row, Enter or o opens it, x ticks it.

import { isTyping } from "./keys.js";

export function startRows() {
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys !== "on" || isElsewhere(event)) return;
    const act = { j: () => step(1), k: () => step(-1), o: open, x: tick }[event.key];
    if (act?.()) event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row) choose(row);
  });
}

function isElsewhere(event) {
  return isTyping(event) || event.ctrlKey || event.metaKey || event.altKey;
}

function rows() {
  return [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.checkVisibility());
}

function chosenRow() {
  return document.querySelector("[data-row][data-chosen]");
}

function choose(row) {
  chosenRow()?.removeAttribute("data-chosen");
  row.setAttribute("data-chosen", "");
}

function step(by) {
  const all = rows();
  if (all.length === 0) return false;
  const now = all.indexOf(chosenRow());
  const next = all[Math.min(all.length - 1, Math.max(0, now + by))];
  choose(next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function open() {
  const link = chosenRow()?.querySelector("[data-row-open]");
  link?.click();
  return Boolean(link);
}

function tick() {
  const box = chosenRow()?.querySelector("[data-row-tick]");
  box?.click();
  return Boolean(box);
}
