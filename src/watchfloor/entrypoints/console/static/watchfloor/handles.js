// Thresholds by hand: a slider under the histogram, its number field, and its line move together.
// Without this the number fields and the button do the same.

const COARSE = 10;

export function startHandles() {
  const form = document.querySelector("[data-what-if]");
  if (!form) return;
  for (const shown of document.querySelectorAll("[data-sliders]")) shown.hidden = false;
  for (const slider of document.querySelectorAll("[data-moves]")) tie(form, slider);
}

function tie(form, slider) {
  const field = form.elements[slider.dataset.moves];
  slider.addEventListener("input", () => {
    field.value = slider.value;
    draw(slider.dataset.moves, slider.value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  slider.addEventListener("keydown", (event) => step(event, slider));
  field.addEventListener("input", () => {
    slider.value = field.value;
    draw(slider.dataset.moves, field.value);
  });
}

function step(event, slider) {
  const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (event.key === "Enter") document.querySelector("#apply input[name=reason]")?.focus();
  if (!way || !event.shiftKey) return;
  event.preventDefault();
  slider.value = Number(slider.value) + way * COARSE * Number(slider.step);
  slider.dispatchEvent(new Event("input"));
}

function draw(name, value) {
  const handle = document.querySelector(`[data-handle="${name}"]`);
  const at = Number(value);
  if (!handle || !(at >= 0 && at <= 1)) return;
  const x = `${100 * at}%`;
  const [line, words] = [handle.querySelector("line"), handle.querySelector("text")];
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
  words.setAttribute("x", x);
  words.setAttribute("text-anchor", at < 0.16 ? "start" : at > 0.84 ? "end" : "middle");
  words.textContent = `${handle.dataset.words} ${at.toFixed(3).replace(/0+$/, "").replace(/\.$/, "")}`;
}
