// The keyboard layer of the desk. A control says its key: data-key="r", "g i" (one after the other), "ctrl+enter";
// several with ", ". Single keys are off while somebody types or an input method composes, and can be switched off
// altogether. J and K walk in [data-key-list]; X ticks the row; ? opens the list.

const STORE = 'keys';
let first = '', firstAt = 0;

const read = () => { try { return localStorage.getItem(STORE) !== 'off'; } catch { return true; } };
let on = read();

export function setKeys(enabled) {
  on = enabled;
  try { if (enabled) localStorage.removeItem(STORE); else localStorage.setItem(STORE, 'off'); } catch { /* private mode */ }
  document.querySelectorAll('[data-keys-toggle]').forEach((box) => { box.checked = on; });
}

const typing = (el) => el?.isContentEditable || el?.matches?.('textarea, select, input:not([type="checkbox"]):not([type="radio"]):not([type="button"]):not([type="submit"])');
const shown = (el) => el?.getClientRects().length > 0;
const usable = (el) => !el.disabled && el.getAttribute('aria-disabled') !== 'true';
const visible = (el) => shown(el) && usable(el);
/** Also what waits inside a closed menu: its key works without opening it. */
const reachable = (el) => usable(el) && (shown(el) || shown(el.closest('details.menu-at:not([open])')?.querySelector('summary')));
const keysOf = (el) => el.dataset.key.split(', ');

function find(combo) {
  const near = document.activeElement?.closest?.('form, dialog, [data-key-scope]');
  const match = (where) => [...where.querySelectorAll('[data-key]')].find((el) => reachable(el) && keysOf(el).includes(combo));
  const dialog = document.querySelector('dialog[open]');
  return (near && match(near)) || (dialog ? match(dialog) : match(document));
}

function act(el) {
  if (el.matches('input:not([type="checkbox"]):not([type="submit"]), textarea, select') || el.dataset.keyDo === 'focus') {
    el.focus();
    if (el.matches('textarea')) el.setSelectionRange(el.value.length, el.value.length);
  } else el.click();
}

/** Tell the page first: a module may answer a key that has no control (`key` on document, preventDefault() ends it). */
function announceKey(combo) {
  return document.dispatchEvent(new CustomEvent('key', { detail: { key: combo }, cancelable: true }));
}

function walk(step) {
  const list = document.activeElement?.closest?.('[data-key-list]') ?? document.querySelector('[data-key-list]');
  if (!list || !visible(list)) return false;
  const rows = [...list.querySelectorAll('[data-key-item], .trow')].filter(visible);
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const at = here >= 0 ? here : rows.findIndex((row) => row.hasAttribute('aria-current'));
  const row = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
  return true;
}

function tick() {
  const row = document.activeElement?.closest?.('[data-key-item], .trow');
  const box = row?.querySelector('[data-row-pick]') ?? row?.parentElement?.querySelector('[data-row-pick]');
  box?.click();
  return Boolean(box);
}

function single(key) {
  if (key === 'j') return walk(1);
  if (key === 'k') return walk(-1);
  if (key === 'x') return tick();
  return false;
}

function press(event) {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase().replace('arrow', '');
  if (['control', 'meta', 'shift'].includes(key)) return;
  if (event.ctrlKey || event.metaKey) {
    const combo = `ctrl+${key}`;
    if (!announceKey(combo)) { event.preventDefault(); return; }
    const el = find(combo);
    if (el) { event.preventDefault(); act(el); }
    return;
  }
  const inField = typing(document.activeElement);
  if (key === 'escape') {
    if (document.querySelector('dialog[open], details.menu-at[open]')) return;
    if (!announceKey('escape')) return;
    const el = find('escape');
    if (el) act(el); else if (inField) document.activeElement.blur();
    return;
  }
  if (inField || !on || (event.repeat && !['j', 'k'].includes(key))) return;
  const combo = first && event.timeStamp - firstAt < 1200 ? `${first} ${key}` : key;
  const opens = [...document.querySelectorAll('[data-key]')].some((el) => keysOf(el).some((k) => k.startsWith(`${key} `)));
  first = '';
  if (combo === key && opens && !find(key)) {
    first = key;
    firstAt = event.timeStamp;
    return;
  }
  if (key === '?' && !document.querySelector('dialog[open]')) {
    event.preventDefault();
    globalThis.anxin?.openDialog?.(document.getElementById('keys-dialog'));
    return;
  }
  if (!announceKey(combo)) { event.preventDefault(); return; }
  const el = find(combo);
  if (el) { event.preventDefault(); act(el); } else if (!document.querySelector('dialog[open]') && single(combo)) event.preventDefault();
}

function label(where) {   // assistive technology learns the keys too
  where.querySelectorAll?.('[data-key]:not([aria-keyshortcuts])').forEach((el) => {
    el.setAttribute('aria-keyshortcuts', keysOf(el).map((k) => k.replace('ctrl+', 'Control+')).join(' '));
  });
}

document.addEventListener('keydown', press);
document.addEventListener('change', (event) => { if (event.target.matches('[data-keys-toggle]')) setKeys(event.target.checked); });
document.addEventListener('htmx:load', (event) => label(event.target));
setKeys(on);
label(document);
globalThis.anxin = { ...globalThis.anxin, setKeys };
