// The page follows the server. A frame says only that something changed, and of which kind; what
// is shown is always fetched anew, so a page cannot show what the server never rendered.
//
//   {"type": "hello" | "beat", "seq": 41, "as_of": "...Z", "lag_ms": 400, "speed": 1}
//   {"type": "change", "seq": 42, "kinds": ["decision"], "counts": {"review": 7},
//    "new": {"critical": 1, "total": 4}, "critical": [{"key": "a-17", "words": "..."}]}
//
// Each change raises seq by one and a beat repeats the latest, so a missed frame is noticed
// within two seconds; then everything on the page is fetched again.

import { tellAges } from "./ages.js";
import { sayAtOnce, sayPolitely } from "./announce.js";
import { Socket } from "./socket.js";
import { Stream } from "./stream.js";

const STALE_MS = 3_000;
const OVERTAKEN_MS = 500;
const REFRESH_EVERY_MS = 1_000;

class Live {
  #seq = seqShown();
  #isPaused = false;
  #state = "loaded";
  #heardAt = 0;
  #sum = { critical: 0, total: 0 };
  #streams = new Map();
  #waiting = new Map();

  constructor(path) {
    for (const box of document.querySelectorAll("[data-stream]")) {
      this.#streams.set(box, new Stream(box));
    }
    this.#startPause();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#refreshAll();
    });
    setInterval(() => this.#judgeAge(), 1_000);
    new Socket(path, {
      onFrame: (frame) => this.#take(frame),
      onState: (state) => this.#show(state),
    }).open();
  }

  #take(frame) {
    this.#heardAt = performance.now();
    if (frame.as_of) this.#showClock(frame);
    if (frame.counts) showCounts(frame.counts);
    if (frame.type === "change") this.#takeChange(frame);
    else if (frame.type === "beat" && this.#seq !== null) this.#expect(frame.seq);
    // Between the page and the socket something may have happened: then the numbers differ.
    else if (frame.seq !== this.#seq) this.#catchUp(frame.seq);
  }

  #takeChange(frame) {
    this.#say(frame);
    if (this.#seq === null || frame.seq > this.#seq + 1) return this.#catchUp(frame.seq);
    this.#seq = Math.max(this.#seq, frame.seq);
    this.#refreshKinds(frame.kinds);
  }

  // A beat may overtake the push it counts, so the push is given a moment to arrive.
  #expect(seq) {
    if (seq <= this.#seq) return;
    setTimeout(() => {
      if (this.#seq < seq) this.#catchUp(seq);
    }, OVERTAKEN_MS);
  }

  #catchUp(seq) {
    this.#seq = seq;
    this.#refreshAll();
  }

  #refreshKinds(kinds) {
    for (const region of document.querySelectorAll("[data-live]")) {
      const wanted = region.dataset.live.split(" ");
      if (kinds.some((kind) => wanted.includes(kind))) this.#refresh(region, { all: false });
    }
  }

  #refreshAll() {
    for (const region of document.querySelectorAll("[data-live]")) this.#refresh(region, { all: true });
  }

  // At most once a second for each region, however fast changes come; the last is never lost.
  #refresh(region, { all }) {
    if (this.#isPaused || document.hidden) return;
    const waiting = this.#waiting.get(region);
    if (waiting) {
      waiting.isDue = true;
      waiting.all ||= all;
      return;
    }
    this.#waiting.set(region, { isDue: false, all: false });
    this.#fetch(region, { all });
    setTimeout(() => {
      const { isDue, all: wasAll } = this.#waiting.get(region);
      this.#waiting.delete(region);
      if (isDue && region.isConnected) this.#refresh(region, { all: wasAll });
    }, REFRESH_EVERY_MS);
  }

  #fetch(region, { all }) {
    const stream = this.#streams.get(region);
    if (stream) stream.refresh({ all }).catch(() => this.#show("stale"));
    // The region's own hx-get with hx-trigger="wf:refresh" does the rest.
    else region.dispatchEvent(new CustomEvent("wf:refresh"));
  }

  #say(frame) {
    for (const one of frame.critical ?? []) sayAtOnce(one.key, one.words);
    this.#sum.critical += frame.new?.critical ?? 0;
    this.#sum.total += frame.new?.total ?? 0;
    if (!this.#sum.total) return;
    const words = document.body.dataset.newWords ?? "{critical} new critical, {total} new in total";
    sayPolitely(words.replace("{critical}", this.#sum.critical).replace("{total}", this.#sum.total));
  }

  #startPause() {
    const button = document.querySelector("[data-pause]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      this.#isPaused = !this.#isPaused;
      button.setAttribute("aria-pressed", String(this.#isPaused));
      const [pause, goOn] = button.dataset.words.split("|");
      button.querySelector("[data-pause-word]").textContent = this.#isPaused ? goOn : pause;
      for (const stream of this.#streams.values()) stream.paused = this.#isPaused;
      this.#show(this.#state);
      if (!this.#isPaused) this.#refreshAll();
    });
  }

  #judgeAge() {
    const silentMs = performance.now() - this.#heardAt;
    if (this.#state === "live" && silentMs > STALE_MS) this.#show("stale");
    const banner = document.querySelector("[data-stale]");
    if (banner) banner.hidden = !(this.#state === "stale" && this.#heardAt && silentMs > 5 * STALE_MS);
  }

  #show(state) {
    this.#state = state;
    const place = document.querySelector("[data-live-state]");
    if (!place) return;
    const shown = this.#isPaused && state === "live" ? "paused" : state;
    if (place.dataset.liveState === shown) return;
    place.dataset.liveState = shown;
    const words = { live: "wordsLive", paused: "wordsPaused", stale: "wordsStale" }[shown] ?? "wordsConnecting";
    place.querySelector("[data-live-word]").textContent = place.dataset[words];
  }

  #showClock(frame) {
    const now = new Date(frame.as_of);
    const clock = document.querySelector("[data-as-of]");
    if (clock && !this.#isPaused) {
      clock.dateTime = frame.as_of;
      clock.textContent = clockText(now);
      tellAges(now);
    }
    const lag = document.querySelector("[data-lag]");
    if (lag && frame.lag_ms !== undefined) {
      lag.textContent = lagText(frame.lag_ms);
      lag.closest("[data-lag-box]").hidden = false;
    }
  }
}

function seqShown() {
  const seq = document.body.dataset.liveSeq;
  return seq === undefined ? null : Number(seq);
}

function showCounts(counts) {
  for (const [key, n] of Object.entries(counts)) {
    for (const place of document.querySelectorAll(`[data-count="${CSS.escape(key)}"]`)) {
      place.hidden = !n;
      place.textContent = new Intl.NumberFormat(document.documentElement.lang).format(n);
    }
  }
}

function clockText(now) {
  const shape = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short", hourCycle: "h23" };
  return new Intl.DateTimeFormat(document.documentElement.lang, {
    ...shape,
    timeZone: document.body.dataset.timeZone,
  }).format(now);
}

function lagText(lagMs) {
  const shape = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return `${new Intl.NumberFormat(document.documentElement.lang, shape).format(lagMs / 1000)}\u00a0s`;
}

export function startLive() {
  const path = document.body.dataset.livePath;
  if (path) new Live(path);
}
