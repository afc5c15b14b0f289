// "12 s" goes on being true: ages are told again by the clock of the server, which in a replay
// runs at another speed than the one on the wall.

const LENGTHS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

export function tellAges(now) {
  const units = document.body.dataset.units?.split("|") ?? LENGTHS.map(([unit]) => unit);
  for (const place of document.querySelectorAll("time[data-age]")) {
    const seconds = (now - new Date(place.dateTime)) / 1000;
    if (seconds >= 0) place.textContent = ageText(seconds, units);
  }
}

export function ageText(seconds, units) {
  const index = LENGTHS.findIndex(([, length]) => seconds >= length);
  const at = index < 0 ? LENGTHS.length - 1 : index;
  return `${Math.floor(seconds / LENGTHS[at][1])}\u00a0${units[at]}`;
}
