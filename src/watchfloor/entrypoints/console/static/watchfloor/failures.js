// An action that failed says so, and what was kept. Nothing is swapped in its place, so what was
// typed stays. A region that only failed to refresh is shown as stale by live.js instead.

export function startFailures() {
  const place = document.querySelector("[data-failure]");
  if (!place) return;
  const tell = (event, words) => {
    if (event.target.closest?.("[data-live]") === event.target) return;
    place.textContent = place.dataset[words];
    place.hidden = false;
  };
  document.addEventListener("htmx:error", (event) => tell(event, "wordsUnreached"));
  document.addEventListener("htmx:response:error", (event) => {
    const status = event.detail.ctx.response.status;
    // A form that came back with its errors explains itself.
    if ([400, 409, 422].includes(status)) return;
    tell(event, status >= 500 ? "wordsBroken" : "wordsRefused");
  });
  document.addEventListener("htmx:before:request", () => {
    place.hidden = true;
  });
}
