// What is said to those who hear the page: politely a sum at most every ten seconds, at once and
// once only what is critical.

const POLITE_EVERY_MS = 10_000;

let waiting = "";
let timer = 0;
const said = new Set();

export function sayPolitely(words) {
  waiting = words;
  if (timer) return;
  speak("polite", waiting);
  waiting = "";
  timer = setTimeout(() => {
    timer = 0;
    if (waiting) sayPolitely(waiting);
  }, POLITE_EVERY_MS);
}

export function sayAtOnce(key, words) {
  if (said.has(key)) return;
  said.add(key);
  speak("assertive", words);
}

function speak(region, words) {
  const place = document.querySelector(`[data-announce="${region}"]`);
  if (place) place.textContent = words;
}
