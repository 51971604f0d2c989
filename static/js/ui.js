// What every page shares: clocks and relative times, menus, dialogs, toasts, the offline bar, panes, the guard of
// unsaved forms. Works on markup (docs/design.md lists it) and offers `anxin` to the pages' own modules.

const root = document.documentElement;
const words = () => document.getElementById('ui-words')?.dataset ?? {};

/** Elements of `where` that match, itself included (a swap may bring just that one). */
const within = (where, selector) => [...(where.matches?.(selector) ? [where] : []), ...where.querySelectorAll(selector)];

/** A sentence of the page's language: say('ago', {n: 2}). Keys as in the ui library of template tags. */
export function say(key, values = {}) {
  const name = key.replace(/-(\w)/g, (_, c) => c.toUpperCase());
  return (words()[name] ?? '').replace(/%\((\w+)\)[ds]/g, (_, part) => values[part] ?? '');
}

/* ---------- clocks: recomputed each 15 s from the deadline ---------- */
const MIN = 60, HOUR = 3600, DAY = 86400;
let skew = 0;   // server clock minus ours, in ms; <body data-now="ISO"> sets it

const sharp = () => Date.now() + skew;
const unit = (key, n) => say(key, { n });

function short(seconds, units) {
  const parts = [];
  let rest = seconds;
  for (const [key, size] of [['d', DAY], ['h', HOUR], ['m', MIN]]) {
    const n = Math.floor(rest / size);
    rest %= size;
    if (n || parts.length) parts.push([key, n]);
  }
  return parts.slice(0, units).filter(([, n]) => n).map(([key, n]) => unit(key, n)).join(' ');
}

/** The same words as the template filter `remaining_words`. */
export function remaining(seconds, precise = false) {
  const over = seconds < 0;
  let span = Math.abs(Math.floor(seconds));
  if (!over && span < MIN) return say('soon');
  span = Math.max(span - span % MIN, MIN);
  let time;
  if (span >= 2 * DAY) time = short(span - span % HOUR, precise ? 2 : 1);
  else if (span >= DAY) time = unit('h', Math.floor(span / HOUR));
  else time = short(span, precise || span < 3 * HOUR ? 2 : 1);
  return say(over ? 'over' : 'left', { time });
}

const stateOf = (left) => left <= 0 ? 'red' : left < 20 ? 'orange' : left <= 50 ? 'yellow' : 'green';

function tickClock(chip) {
  const seconds = (Date.parse(chip.dataset.due) - sharp()) / 1000;
  const total = Number(chip.dataset.total);
  if (Number.isNaN(seconds)) return;
  const left = total ? Math.max(0, Math.min(100, 100 * seconds / total)) : (seconds > 0 ? 100 : 0);
  const state = stateOf(seconds > 0 ? Math.max(left, .1) : 0);
  chip.style.setProperty('--left', left.toFixed(1));
  const place = chip.querySelector('.sla__t') ?? chip;
  const text = remaining(seconds, 'precise' in chip.dataset);
  if (text && place.textContent !== text) place.textContent = text;
  if (chip.dataset.sla === state) return;
  chip.dataset.sla = state;
  // a countdown is spoken only when its colour changes
  if ('announce' in chip.dataset) announce(`${chip.dataset.announce} ${text}`.trim());
}

function tickTime(el) {
  const minutes = Math.floor((sharp() - Date.parse(el.dateTime)) / 60000);
  if (minutes >= 30) {
    el.textContent = el.title.slice(-5);
    delete el.dataset.rel;
  } else el.textContent = minutes < 1 ? say('now') : say('ago', { n: minutes });
}

/** Bring rings, bars and relative times inside `where` up to date (after a swap, after a live message). */
export function refresh(where = document) {
  within(where, '.sla[data-due]').forEach(tickClock);
  within(where, '.sla[data-left]:not([data-due])').forEach((el) => el.style.setProperty('--left', el.dataset.left));
  within(where, '[data-v]').forEach((el) => el.style.setProperty('--v', el.dataset.v));
  within(where, 'time[data-rel]').forEach(tickTime);
}

/* ---------- speech, toasts ---------- */
function region(id, role) {
  let el = document.getElementById(id);
  if (!el) {
    el = Object.assign(document.createElement('div'), { id, className: 'vh' });
    el.setAttribute('role', role);
    document.body.append(el);
  }
  return el;
}

export function announce(text, urgent = false) {
  region(urgent ? 'say-now' : 'say', urgent ? 'alert' : 'status').textContent = text;
}

/** A toast is for what went well, at most with one way back; errors stand where they happened.
 *  toast('Sent', {seconds: 15, action: 'Undo', count: true, onAction() {…}, onDone() {…}}) → {close} */
export function toast(text, { seconds = 5, action = '', count = false, onAction = null, onDone = null } = {}) {
  const area = document.getElementById('toasts') ?? document.body;
  const box = Object.assign(document.createElement('div'), { className: 'toast' });
  box.append(Object.assign(document.createElement('span'), { className: 'grow', textContent: text }));
  let left = seconds, button = null, over = false;
  const close = (undone = false) => {
    if (over) return;
    over = true;
    clearInterval(timer);
    box.remove();
    if (!undone) onDone?.();
  };
  if (action) {
    button = Object.assign(document.createElement('button'), { type: 'button', textContent: count ? `${action} ${left}` : action });
    button.addEventListener('click', () => { close(true); onAction?.(); });
    box.append(button);
  }
  const timer = setInterval(() => {
    if (!count && box.matches(':hover, :focus-within')) return;   // reading time; a promise in seconds is kept
    left -= 1;
    if (count && button) button.textContent = `${action} ${left}`;
    if (left <= 0) close();
  }, 1000);
  area.append(box);
  return { close };
}

/* ---------- menus: <details class="menu-at"> opens without us; we close it and walk in it ---------- */
function closeMenus(except) {
  document.querySelectorAll('details.menu-at[open]').forEach((menu) => { if (!menu.contains(except)) menu.open = false; });
}

function menuKeys(event) {
  const menu = event.target.closest?.('details.menu-at[open]');
  if (!menu) return;
  const summary = menu.querySelector('summary');
  if (event.key === 'Escape') {
    menu.open = false;
    summary.focus();
    event.stopPropagation();
    return;
  }
  if (!['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
  const items = [...menu.querySelectorAll('.menu a, .menu button:not(:disabled)')].filter((el) => el.offsetParent);
  if (!items.length || event.target.matches('input, textarea, select')) return;
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[event.key];
  items[(to + items.length) % items.length].focus();
  event.preventDefault();
}

/* ---------- tabs: role=tablist with aria-controls ---------- */
function pickTab(tab) {
  const list = tab.closest('[role="tablist"]');
  list.querySelectorAll('[role="tab"]').forEach((other) => {
    other.setAttribute('aria-selected', String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
    const panel = document.getElementById(other.getAttribute('aria-controls'));
    if (panel) panel.hidden = other !== tab;
  });
}

function tabKeys(event) {
  const tab = event.target.closest?.('[role="tab"][aria-controls]');
  if (!tab || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
  const tabs = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  const next = tabs[(tabs.indexOf(tab) + (event.key === 'ArrowRight' ? 1 : -1) + tabs.length) % tabs.length];
  pickTab(next);
  next.focus();
}

/* ---------- dialogs ---------- */
const openers = new WeakMap();

export function openDialog(dialog, opener = document.activeElement) {
  if (!dialog || dialog.open) return;
  openers.set(dialog, opener);
  if (dialog.showModal) dialog.showModal(); else dialog.setAttribute('open', '');
  (dialog.querySelector('[autofocus]') ?? dialog.querySelector('h2[tabindex]') ?? dialog).focus?.();
}

document.addEventListener('close', (event) => {
  const opener = openers.get(event.target);
  openers.delete(event.target);
  if (opener?.isConnected) opener.focus();
}, true);

/* ---------- panes: one column at a time on a phone, drawers on a small desk ---------- */
export function showPane(name) {
  const body = document.body;
  if (!('pane' in body.dataset) || body.dataset.pane === name) return;
  body.dataset.paneWas = body.dataset.pane;
  body.dataset.pane = name;
  document.querySelectorAll('.tabbar [data-pane-to]').forEach((el) => {
    if (el.dataset.paneTo === name) el.setAttribute('aria-current', 'true'); else el.removeAttribute('aria-current');
  });
  document.querySelectorAll('[data-pane-to][aria-expanded]').forEach((el) => el.setAttribute('aria-expanded', String(el.dataset.paneTo === name)));
  const pane = document.querySelector(`[data-pane-name="${name}"]`);
  (pane?.querySelector('h1, h2') ?? pane)?.focus?.({ preventScroll: true });
}

const SIDE = ['lists', 'info', 'more'];

/** A switch: a side pane that is open already goes back to what was there before. */
function switchPane(name) {
  const { pane, paneWas } = document.body.dataset;
  showPane(pane === name && SIDE.includes(name) ? (SIDE.includes(paneWas) ? 'conv' : paneWas || 'conv') : name);
}

/* ---------- forms: guard of unsaved work, one submit only ---------- */
const clean = new WeakMap();
const content = (form) => new URLSearchParams([...new FormData(form)].map(([k, v]) => [k, typeof v === 'string' ? v : v.name])).toString();

function guardForms(where) {
  within(where, 'form[data-guard]').forEach((form) => { if (!clean.has(form)) clean.set(form, content(form)); });
}

/** The form's present content counts as saved. */
export function settle(form) { clean.set(form, content(form)); }

addEventListener('beforeunload', (event) => {
  const open = [...document.querySelectorAll('form[data-guard]')].some((form) => !form.dataset.sent && clean.has(form) && clean.get(form) !== content(form));
  if (open) event.preventDefault();
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'dialog') return;
  if ('once' in form.dataset) {
    if (form.dataset.sent) { event.preventDefault(); return; }
    setTimeout(() => form.querySelectorAll('button:not([type="button"])').forEach((b) => { b.disabled = true; }));
  }
  form.dataset.sent = 'true';
});
addEventListener('pageshow', (event) => {   // back from the next page: the form may be sent again
  if (event.persisted) document.querySelectorAll('form[data-sent]').forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll('button:disabled').forEach((b) => { b.disabled = false; });
  });
});

/* ---------- offline ---------- */
let pending = 0;

/** How many messages wait for the network (shown in the offline bar). */
export function setPending(n) { pending = n; network(); }

function network() {
  root.toggleAttribute('data-offline', !navigator.onLine);
  const bar = document.getElementById('offline');
  if (!bar) return;
  bar.hidden = navigator.onLine;
  const place = bar.querySelector('[data-offline-pending]');
  if (place) place.textContent = pending ? say('offline-pending', { n: pending }) : '';
}
addEventListener('online', network);
addEventListener('offline', network);

/* ---------- lists that must not move under a hand: true while pointer or focus is in `el` ---------- */
export const isHeld = (el) => el.matches(':hover') || el.contains(document.activeElement);

/* ---------- wiring ---------- */
document.addEventListener('click', (event) => {
  const target = event.target;
  closeMenus(target);
  if (!target.closest) return;
  const opener = target.closest('[data-dialog]');
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) { event.preventDefault(); openDialog(dialog, opener); }
  }
  if (target.closest('[data-dialog-close]') || (target.matches('dialog.dialog[data-light]') && target.open)) target.closest('dialog')?.close();
  const to = target.closest('[data-pane-to]');
  if (to && document.querySelector(`[data-pane-name="${to.dataset.paneTo}"]`)) { event.preventDefault(); switchPane(to.dataset.paneTo); }
  const tab = target.closest('[role="tab"][aria-controls]');
  if (tab) pickTab(tab);
  const item = target.closest('details.menu-at .menu [data-menu-close], details.menu-at .menu a');
  if (item) item.closest('details').open = false;
});
document.addEventListener('keydown', menuKeys);
document.addEventListener('keydown', tabKeys);
document.addEventListener('keydown', (event) => {
  const pane = document.body.dataset.pane;
  if (event.key === 'Escape' && !event.defaultPrevented && SIDE.includes(pane) && !document.querySelector('dialog[open]')) switchPane(pane);
});
document.addEventListener('toggle', (event) => {
  if (event.target.matches?.('details.menu-at') && event.target.open) closeMenus(event.target);
}, true);
// the server may send one: HX-Trigger: {"toast": {"text": "…"}}
document.addEventListener('toast', (event) => toast(event.detail?.text ?? event.detail?.value ?? '', event.detail ?? {}));

function start(where = document) { guardForms(where); refresh(where); }

function boot() {
  const now = Date.parse(document.body.dataset.now ?? '');
  const again = performance.getEntriesByType?.('navigation')[0]?.type === 'back_forward';   // the page may be an old copy
  if (now && !again) skew = now - Date.now();
  start();
  network();
  document.querySelector('[data-autofocus]')?.focus();
  document.querySelectorAll('#toasts [data-toast]').forEach((el) => { toast(el.textContent.trim()); el.remove(); });
  setInterval(refresh, 15000, document);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  document.addEventListener('htmx:load', (event) => start(event.target));
}

globalThis.anxin = { ...globalThis.anxin, say, remaining, refresh, announce, toast, openDialog, showPane, settle, setPending, isHeld };
boot();
