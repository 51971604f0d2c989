// The bell: its number follows the nudges ("notices:<me>"), its panel loads when it is opened, alerts are said aloud as a
// toast and, once this person allowed it, by the system outside the window. Markup: templates/partials/bell.html.

const AT_ONCE = 3, SECONDS = 20;
const bell = document.getElementById('bell'), panel = document.getElementById('notices');
const say = (key, values) => globalThis.anxin?.say?.(key, values) ?? '';
const me = document.body.dataset.user ?? '';
const token = () => document.cookie.match(/(?:^|; )(?:__(?:Host|Secure)-)?csrftoken=([^;]+)/)?.[1]
  ?? document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? '';

function kept(store, key) { try { return store.getItem(`${key}:${me}`); } catch { return null; } }
function keep(store, key, value) { try { store.setItem(`${key}:${me}`, value); } catch { /* private mode: said once a page */ } }

/* ---------- the panel ---------- */
function load() { if (bell?.open) panel.dispatchEvent(new CustomEvent('bell:open')); }
bell?.addEventListener('toggle', load);
document.addEventListener('live:notices', load);

// whoever opens what a notice is about has read it
document.addEventListener('click', (event) => {
  const row = event.target.closest('[data-notice][href]');
  if (!row) return;
  const url = panel?.dataset.readUrl;
  const body = new URLSearchParams({ notice: row.dataset.notice });
  if (url) fetch(url, { method: 'POST', body, credentials: 'same-origin', keepalive: true, headers: { 'X-CSRFToken': token(), 'HX-Request': 'true' } }).catch(() => {});
});

/* ---------- alerts aloud ---------- */
const before = kept(sessionStorage, 'notices-said');
let said = Number(before), first = before === null;   // what stood there when this window came first is no news

function loud({ title, line, url }) {
  const area = document.getElementById('toasts') ?? document.body;
  const box = Object.assign(document.createElement('div'), { className: 'toast toast--alert' });
  box.setAttribute('role', 'alert');
  const text = Object.assign(document.createElement('span'), { className: 'grow' });
  text.append(Object.assign(document.createElement('b'), { textContent: title }), Object.assign(document.createElement('small'), { textContent: line }));
  const close = Object.assign(document.createElement('button'), { type: 'button', textContent: say('close') });
  close.addEventListener('click', () => box.remove());
  box.append(text);
  if (url) box.append(Object.assign(document.createElement('a'), { href: url, textContent: say('open') }));
  box.append(close);
  area.append(box);
  let left = SECONDS;
  const timer = setInterval(() => {
    if (!box.isConnected) clearInterval(timer);
    else if (!box.matches(':hover, :focus-within') && (left -= 1) <= 0) box.remove();
  }, 1000);
}

// several about one ticket are one toast
function together(alerts) {
  const by = new Map();
  for (const one of alerts) {
    const known = one.url && by.get(one.url);
    if (known) known.title += ` · ${one.title}`; else by.set(one.url || one.id, { ...one });
  }
  return [...by.values()];
}

function outside({ id, title, line, url }) {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  if (document.hasFocus() || Number(kept(localStorage, 'notices-told')) >= id) return;   // one window of several says it
  const shown = new Notification(title, { body: line, tag: `notice-${id}`, icon: '/static/icons/favicon.svg' });
  shown.addEventListener('click', () => { focus(); if (url) location.href = url; shown.close(); });
}

document.addEventListener('htmx:afterSettle', (event) => {
  if (event.detail.target?.id !== 'bell-count') return;
  const alerts = [...event.detail.target.querySelectorAll('[data-alert]')]
    .map((el) => ({ id: Number(el.dataset.alert), title: el.dataset.title, line: el.dataset.line, url: el.dataset.url }));
  const fresh = first ? [] : alerts.filter(({ id }) => id > said).reverse();
  const about = together(fresh);
  if (about.length > AT_ONCE) loud({ title: say('alerts', { n: fresh.length }), line: '', url: '' });
  else about.forEach(loud);
  fresh.forEach(outside);
  first = false;
  said = Math.max(said, ...alerts.map(({ id }) => id));
  keep(sessionStorage, 'notices-said', said);
  if (fresh.length) keep(localStorage, 'notices-told', said);
});

/* ---------- outside the window: only after a press of this button ---------- */
function allow() {
  document.querySelectorAll('[data-notify-allow]').forEach((button) => {
    button.hidden = !('Notification' in globalThis) || Notification.permission !== 'default';
  });
}
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-notify-allow]')) Notification.requestPermission().then(allow);
});
document.addEventListener('htmx:load', allow);
allow();
