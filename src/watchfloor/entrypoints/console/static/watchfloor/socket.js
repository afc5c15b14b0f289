// One WebSocket that comes back by itself: back-off with jitter, and a watchdog, because a
// connection through a sleeping laptop or a proxy can be dead without ever closing.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const SILENCE_MS = 15_000;

export class Socket {
  #path;
  #onFrame;
  #onState;
  #socket = null;
  #failures = 0;
  #watchdog = 0;
  #retry = 0;

  // onState is told "connecting", "live" or "stale"; onFrame gets each frame, parsed.
  constructor(path, { onFrame, onState }) {
    this.#path = path;
    this.#onFrame = onFrame;
    this.#onState = onState;
    addEventListener("online", () => this.#reconnectNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#reconnectNow();
    });
  }

  open() {
    this.#onState(this.#failures ? "stale" : "connecting");
    const address = new URL(this.#path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = new WebSocket(address);
    this.#socket.onmessage = (message) => this.#heard(message);
    this.#socket.onclose = () => this.#lost();
    this.#listen();
  }

  #heard(message) {
    this.#failures = 0;
    this.#listen();
    this.#onState("live");
    this.#onFrame(JSON.parse(message.data));
  }

  #listen() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#drop(), SILENCE_MS);
  }

  #drop() {
    this.#socket.onclose = null;
    this.#socket.close();
    this.#lost();
  }

  #lost() {
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.#failures += 1;
    this.#onState("stale");
    this.#retry = setTimeout(() => this.open(), waitMs(this.#failures));
  }

  #reconnectNow() {
    if (this.#socket || this.#failures === 0) return;
    clearTimeout(this.#retry);
    this.open();
  }
}

// Half of the span is chance, so that a thousand consoles do not come back in the same second.
export function waitMs(failures, chance = Math.random()) {
  const span = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return span * (0.5 + 0.5 * chance);
}
