// Light, dark or as the system has it. Kept in a cookie, so that the server paints it at once.

const ORDER = ["system", "light", "dark"];
const YEAR_S = 365 * 24 * 3600;

export function startTheme() {
  const button = document.querySelector("[data-theme-button]");
  if (!button) return;
  button.hidden = false;
  show(button, current());
  button.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length];
    apply(next);
    show(button, next);
  });
}

function current() {
  return document.documentElement.dataset.theme ?? "system";
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.cookie = `wf_theme=${theme}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

function show(button, theme) {
  const word = button.querySelector("[data-theme-word]");
  word.textContent = word.dataset.words.split("|")[ORDER.indexOf(theme)];
}
