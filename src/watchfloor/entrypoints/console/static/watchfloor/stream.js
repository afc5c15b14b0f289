// New rows of a stream, and when they may appear. Nothing moves under the pointer, the focus or
// a reader who has scrolled: rows then wait behind "12 new above".

const LIMIT = 50;

export class Stream {
  #box;
  #body;
  #bar;
  #held = [];
  #isPaused = false;

  constructor(box) {
    this.#box = box;
    this.#body = box.querySelector("[data-rows]");
    this.#bar = box.querySelector("[data-held]");
    box.querySelector("[data-release]")?.addEventListener("click", () => this.#releaseByHand());
    for (const event of ["pointerleave", "focusout"]) {
      box.addEventListener(event, () => setTimeout(() => this.#releaseIfCalm()));
    }
    addEventListener("scroll", () => this.#releaseIfCalm(), { passive: true });
  }

  set paused(isPaused) {
    this.#isPaused = isPaused;
    this.#releaseIfCalm();
  }

  // The rows after the newest one known; all of them when something may have been missed.
  async refresh({ all }) {
    const address = new URL(this.#box.dataset.stream, location.href);
    const newest = this.#held[0] ?? this.#body.querySelector("[data-row]");
    if (newest && !all) address.searchParams.set("after", newest.dataset.cursor);
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(`${address.pathname} answered ${answer.status}`);
    this.#take(parsedRows(await answer.text()));
  }

  #take(rows) {
    const fresh = rows.filter((row) => !this.#replace(row));
    this.#held = [...fresh, ...this.#held].slice(0, LIMIT);
    if (this.#mayMove()) this.#release();
    else this.#showHeld();
  }

  // A row that is shown already keeps its place; it is left alone while someone acts in it.
  #replace(row) {
    const shown = document.getElementById(row.id);
    if (!shown) {
      const waiting = this.#held.findIndex((one) => one.id === row.id);
      if (waiting >= 0) this.#held[waiting] = row;
      return waiting >= 0;
    }
    if (!shown.contains(document.activeElement) && shown.innerHTML !== row.innerHTML) {
      shown.replaceChildren(...row.childNodes);
      announceContent(shown);
    }
    return true;
  }

  #mayMove() {
    const isTouched = this.#body.matches(":hover") || this.#body.contains(document.activeElement);
    const isScrolled = this.#box.getBoundingClientRect().top < 0;
    return !this.#isPaused && !isTouched && !isScrolled;
  }

  #releaseIfCalm() {
    if (this.#held.length && this.#mayMove()) this.#release();
  }

  #releaseByHand() {
    const first = this.#held[0];
    this.#release();
    // The button that had the focus is gone: the focus goes on to what it brought.
    first?.focus();
  }

  #release() {
    for (const row of this.#held) row.classList.add("fresh");
    this.#body.prepend(...this.#held);
    for (const row of [...this.#body.children].slice(LIMIT)) row.remove();
    if (this.#held.length) announceContent(this.#body);
    this.#held = [];
    this.#showHeld();
  }

  #showHeld() {
    const n = this.#held.length;
    this.#bar.hidden = n === 0;
    const more = n >= LIMIT ? "+" : "";
    const words = this.#bar.querySelector("[data-release]").dataset.words;
    this.#bar.querySelector("[data-held-words]").textContent = `${n}${more} ${words}`;
  }
}

function parsedRows(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.querySelectorAll("[data-row]")];
}

function announceContent(element) {
  globalThis.htmx?.process(element);
  document.dispatchEvent(new CustomEvent("wf:content"));
}
