// Many tickets at once: how many are chosen, all of them, and that a refreshed list keeps the choice. (X ticks a row:
// keys.js; the bar shows itself: desk-merge.css.)

const chosen = new Set();
const boxes = () => [...document.querySelectorAll('[data-row-pick]')];

function show() {
  const all = boxes(), on = all.filter((box) => box.checked);
  const count = document.querySelector('[data-pick-count]');
  if (count) count.textContent = globalThis.anxin?.say?.('chosen', { n: on.length }) || String(on.length);
  const head = document.querySelector('[data-pick-all]');
  if (head) { head.checked = on.length > 0 && on.length === all.length; head.indeterminate = on.length > 0 && on.length < all.length; }
}

document.addEventListener('change', (event) => {
  const box = event.target;
  if (box.matches('[data-pick-all]')) boxes().forEach((row) => { row.checked = box.checked; });
  else if (!box.matches('[data-row-pick]')) return;
  chosen.clear();
  boxes().filter((row) => row.checked).forEach((row) => chosen.add(row.value));
  show();
});
document.addEventListener('htmx:load', () => {
  if (!chosen.size) return;
  boxes().forEach((row) => { row.checked = chosen.has(row.value); });
  show();
});
// coming back with the browser's arrow, some may be ticked already
addEventListener('pageshow', () => { boxes().filter((row) => row.checked).forEach((row) => chosen.add(row.value)); show(); });
