// Calling a colleague in a note: "@" and some letters bring a list of whoever may see the ticket; arrows, Enter or Tab
// choose, Escape goes on writing. The server resolves the names when the note is saved; this only helps to type them.

const PATTERN = /(?:^|[^A-Za-z0-9._%+-])[@＠]([^\s@＠]{0,20})$/;
let list = null, area = null, asked = 0, timer = 0;

const options = () => [...(list?.querySelectorAll('[role="option"]') ?? [])];
const open = () => Boolean(list && !list.hidden);
const typed = (field) => field.value.slice(0, field.selectionStart).match(PATTERN)?.[1] ?? null;

function close() {
  clearTimeout(timer);
  asked += 1;
  if (list) list.hidden = true;
  area?.removeAttribute('aria-activedescendant');
  area?.removeAttribute('aria-controls');
}

function mark(option) {
  options().forEach((other) => other.setAttribute('aria-selected', String(other === option)));
  if (option) { area.setAttribute('aria-activedescendant', option.id); option.scrollIntoView({ block: 'nearest' }); }
}

function choose(option) {
  const end = area.selectionStart, begin = end - typed(area).length;
  area.setRangeText(`${option.dataset.call} `, begin, end, 'end');
  close();
  area.dispatchEvent(new Event('input', { bubbles: true }));
  area.focus();
}

async function ask(field, letters) {
  const turn = asked += 1;
  const url = new URL(field.dataset.mentionUrl, location.href);
  url.searchParams.set('q', letters);
  try {
    const answer = await fetch(url, { credentials: 'same-origin', headers: { 'HX-Request': 'true' } });
    if (answer.status !== 200 || turn !== asked || typed(field) === null) return;
    list = document.getElementById('mentions');
    if (!list) {
      list = Object.assign(document.createElement('div'), { id: 'mentions', className: 'menu mentions' });
      list.setAttribute('role', 'listbox');
      list.setAttribute('aria-label', field.getAttribute('aria-label'));
      document.getElementById('dock').append(list);
    }
    list.innerHTML = await answer.text();
    list.hidden = false;
    area = field;
    area.setAttribute('aria-controls', 'mentions');
    mark(options()[0]);
  } catch { /* no network: the name can be typed without us */ }
}

document.addEventListener('input', (event) => {
  const field = event.target;
  if (!field.matches?.('textarea[data-mention-url]')) return;
  const letters = event.isComposing ? null : typed(field);
  clearTimeout(timer);
  if (letters === null) { if (open()) close(); return; }
  timer = setTimeout(ask, 120, field, letters);
});
document.addEventListener('compositionend', (event) => {
  if (event.target.matches?.('textarea[data-mention-url]')) event.target.dispatchEvent(new Event('input', { bubbles: true }));
});
document.addEventListener('keydown', (event) => {
  if (!open() || event.target !== area || event.isComposing || event.ctrlKey || event.metaKey) return;
  const found = options(), at = found.findIndex((option) => option.getAttribute('aria-selected') === 'true');
  if (event.key === 'Escape') close();
  else if (!found.length) return;
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') mark(found[(at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length]);
  else if (event.key === 'Enter' || event.key === 'Tab') choose(found[Math.max(0, at)]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
// the caret stays in the field while somebody points
document.addEventListener('mousedown', (event) => { if (event.target.closest('#mentions')) event.preventDefault(); });
document.addEventListener('click', (event) => {
  const option = event.target.closest('#mentions [role="option"]');
  if (option) choose(option); else if (open() && event.target !== area) close();
});
document.addEventListener('focusout', (event) => { if (event.target === area && open()) setTimeout(() => { if (document.activeElement !== area) close(); }); });
