// Scripts behind "/": at the start of the answer, after a space or a Chinese comma. Arrows choose, Enter inserts, Esc
// closes; the list comes from the server for what was typed, the words come filled in. Markup: desk/_macros.html.

const SLASH = /(^|[\s，。；：！？、（])\/([^\s/]{0,30})$/;
const menu = () => document.getElementById('macro-menu');
const options = () => [...(menu()?.querySelectorAll('[role="option"]') ?? [])];
const area = () => document.querySelector('#reply-form textarea[data-macros-url]');
const token = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? '';
let asked = 0, timer = 0, closedAt = -1;

/** Where the slash before the caret stands and what follows it; null when there is none. */
function typed(field) {
  if (field.selectionStart !== field.selectionEnd) return null;
  const found = SLASH.exec(field.value.slice(0, field.selectionStart));
  return found && { from: field.selectionStart - found[2].length - 1, query: found[2] };
}

function close() {
  asked += 1;
  clearTimeout(timer);
  if (menu()) menu().hidden = true;
  area()?.removeAttribute('aria-activedescendant');
}

function choose(option) {
  options().forEach((row) => row.setAttribute('aria-selected', String(row === option)));
  if (!option) return;
  option.scrollIntoView({ block: 'nearest' });
  area()?.setAttribute('aria-activedescendant', option.id);
}

async function open(field) {
  const at = typed(field);
  if (!at || at.from === closedAt) { close(); return; }
  closedAt = -1;
  const mine = asked += 1;
  try {
    const answer = await fetch(`${field.dataset.macrosUrl}?q=${encodeURIComponent(at.query)}`, { credentials: 'same-origin', headers: { 'X-Part': 'macros' } });
    if (mine !== asked || !answer.ok || answer.redirected || field !== area()) return;
    const text = await answer.text();
    if (mine !== asked) return;
    menu().innerHTML = text;
    menu().hidden = false;
    choose(options()[0]);
  } catch { close(); /* offline: the slash stays a slash */ }
}

async function insert(option) {
  const field = area(), at = field && typed(field);
  if (!at) { close(); return; }
  const before = field.value;
  close();
  try {
    const answer = await fetch(option.dataset.macroUrl, { method: 'POST', credentials: 'same-origin', headers: { 'X-CSRFToken': token() } });
    if (!answer.ok || field !== area() || field.value !== before) return;   // somebody wrote on meanwhile
    const { code, text, actions } = await answer.json();
    field.setRangeText(text, at.from, at.from + at.query.length + 1, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    if (actions) arm(code, actions);
    field.focus();
  } catch { /* offline: the text stays as it was */ }
}

// what a macro does after sending is said above the button, and can be left out
function arm(code, actions) {
  const form = document.getElementById('reply-form');
  form.elements.macro.value = code;
  form.querySelector('[data-armed-text]').textContent = actions;
  form.querySelector('[data-armed]').hidden = !code;
  form.toggleAttribute('data-macro', Boolean(code));
}

document.addEventListener('input', (event) => {
  if (event.target !== area() || event.isComposing) return;
  clearTimeout(timer);
  if (!typed(event.target)) { closedAt = -1; close(); return; }
  timer = setTimeout(open, 120, event.target);
});
document.addEventListener('compositionend', (event) => { if (event.target === area()) open(event.target); });
document.addEventListener('keydown', (event) => {
  if (event.target !== area() || menu()?.hidden !== false || event.isComposing || event.keyCode === 229) return;
  const rows = options(), here = rows.findIndex((row) => row.getAttribute('aria-selected') === 'true');
  if (event.key === 'Escape') closedAt = typed(event.target)?.from ?? -1;
  else if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !rows.length) return;
  if (event.key === 'ArrowDown') choose(rows[(here + 1) % rows.length]);
  else if (event.key === 'ArrowUp') choose(rows[(here - 1 + rows.length) % rows.length]);
  else if (event.key === 'Enter' || event.key === 'Tab') insert(rows[Math.max(0, here)]);
  else if (event.key === 'Escape') close();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
document.addEventListener('pointerdown', (event) => {
  const option = event.target.closest?.('#macro-menu [role="option"]');
  if (option) { event.preventDefault(); insert(option); return; }   // the caret stays in the text
  if (!event.target.closest?.('#macro-menu, [data-macros]') && menu()?.hidden === false) close();
});
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-disarm]')) { arm('', ''); area()?.focus(); return; }
  if (!event.target.closest('[data-macros]')) return;
  const field = area();
  if (!field) return;
  delete document.getElementById('dock').dataset.mode;
  field.focus();
  if (!typed(field)) {
    const gap = /(^|\s)$/.test(field.value.slice(0, field.selectionStart)) ? '' : ' ';
    field.setRangeText(`${gap}/`, field.selectionStart, field.selectionEnd, 'end');
  }
  closedAt = -1;
  open(field);
});
document.addEventListener('focusout', (event) => { if (event.target === area()) setTimeout(() => { if (document.activeElement !== area()) close(); }, 150); });
