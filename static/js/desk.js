// The desk: rows and thread follow the nudges of the socket without jumping, drafts go to the server, acts open in a
// dialog, reply and note are two papers. Markup: templates/desk/.

const $ = (id) => document.getElementById(id);
const fire = (name) => document.dispatchEvent(new CustomEvent(name));
const token = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? '';
const say = (key, values) => globalThis.anxin?.say?.(key, values) ?? '';

/* ---------- the list: updates wait while somebody points at it or is in it ---------- */
let waiting = 0, timer = 0;
const listHeld = () => { const list = $('queue-list'); return list && (list.matches(':hover') || list.contains(document.activeElement)); };

function listChanged() {
  waiting += 1;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const button = $('queue-updates');
    if (listHeld() && button) { button.textContent = say('updates', { n: waiting }); button.hidden = false; return; }
    refreshList();
  }, 400);
}
function refreshList() {
  waiting = 0;
  const button = $('queue-updates');
  if (button) button.hidden = true;
  fire('queue:refresh');
}
document.addEventListener('click', (event) => { if (event.target.closest('#queue-updates')) refreshList(); });

// a refreshed list stays where it was scrolled to, with the opened ticket marked
let scrolled = 0;
function markRow() {
  document.querySelectorAll('.trow[aria-current]').forEach((row) => row.removeAttribute('aria-current'));
  const row = $(`queue-row-${ticketId()}`);
  row?.setAttribute('aria-current', 'true');
  row?.removeAttribute('data-unread');
}
document.addEventListener('htmx:beforeSwap', (event) => { if (event.detail.target.id === 'queue-list') scrolled = event.detail.target.scrollTop; });
document.addEventListener('htmx:load', (event) => {
  if (event.target.id !== 'queue-list') return;
  event.target.scrollTop = scrolled;
  markRow();
});

/* ---------- the opened ticket ---------- */
const thread = () => $('thread');
const ticketId = () => $('ticket-head')?.dataset.ticket;
const atBottom = (el) => el.scrollHeight - el.scrollTop - el.clientHeight < 80;
const toBottom = () => { const el = thread(); if (el) el.scrollTop = el.scrollHeight; $('new-below')?.setAttribute('hidden', ''); };

// an answer is written to what stood on the page: the number of the newest message the agent had in view
function noteSeen() {
  const el = thread(), field = document.querySelector('#reply-form [data-seen-seq]');
  if (!el || !field || document.hidden || !atBottom(el)) return;
  const shown = Math.max(0, ...[...el.querySelectorAll('[data-seq]')].map((line) => Number(line.dataset.seq)));
  if (shown > Number(field.value || 0)) field.value = shown;
}

let fetching = false, again = false;
async function fetchLines() {
  const el = thread();
  if (!el) return;
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const last = [...el.querySelectorAll('[data-entry]')].at(-1)?.dataset.entry ?? 0;
    const answer = await fetch(`${el.dataset.threadUrl}?after=${last}`, { credentials: 'same-origin', headers: { 'X-Part': 'thread' } });
    if (!answer.ok || el !== thread()) return;
    const stay = !atBottom(el);
    const box = document.createElement('template');
    box.innerHTML = await answer.text();
    const fresh = [...box.content.querySelectorAll('[data-entry]')].filter((line) => !el.querySelector(`[data-entry="${line.dataset.entry}"]`));
    if (!fresh.length) return;
    el.append(...fresh);
    again ||= fresh.length >= 50;   // a full page: there is more
    globalThis.anxin?.refresh?.(el);
    if (stay && fresh.some((line) => line.matches('.msg:not(.msg--out)'))) $('new-below').hidden = false; else if (!stay) toBottom();
    look();
  } catch { /* no network: the offline bar says so; the next nudge asks again */ } finally {
    fetching = false;
    if (again) { again = false; fetchLines(); }
  }
}

// seen: told to the server while the page stands in front, so that "new" means new to this person
let seenTimer = 0;
function look() {
  clearTimeout(seenTimer);
  seenTimer = setTimeout(() => {
    noteSeen();
    const url = $('ticket-head')?.dataset.seenUrl;
    if (url && !document.hidden) fetch(url, { method: 'POST', credentials: 'same-origin', headers: { 'X-CSRFToken': token() } }).catch(() => {});
  }, 1200);
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
document.addEventListener('click', (event) => { if (event.target.closest('#new-below')) { toBottom(); look(); } });

let headTimer = 0;
document.addEventListener('live:message', (event) => {
  const { topic, stale } = event.detail ?? {};
  if (stale || /^(queue|desk):/.test(topic ?? '')) listChanged();
  if (stale || topic === `ticket:${ticketId()}`) {
    fetchLines();
    clearTimeout(headTimer);
    headTimer = setTimeout(refreshHead, 300);
  }
});
// the head is not replaced under an open menu or a focused button
function refreshHead() {
  const head = $('ticket-head');
  clearTimeout(headTimer);
  if (head?.querySelector('details[open]') || (head?.contains(document.activeElement) && !['ticket-title', 'watch-button'].includes(document.activeElement.id))) { headTimer = setTimeout(refreshHead, 1500); return; }
  fire('ticket:refresh');
}
document.addEventListener('desk:sent', () => {
  const note = $('dock')?.dataset.mode === 'note';
  fetchLines().then(toBottom);
  refreshHead();
  forgetDraft(note ? 'note' : 'reply');
  $(note ? 'note-form' : 'reply-form')?.querySelector('textarea')?.focus();
});
document.addEventListener('desk:newer', () => { fetchLines().then(toBottom); });

/* ---------- a refusal keeps what was written: 409 is put in place like 422, chosen files are chosen again ---------- */
let chosen = null;
document.addEventListener('htmx:beforeSwap', (event) => {
  const { target, xhr } = event.detail;
  const form = target.matches('#composer, .act');
  if (form && xhr.status === 409) { event.detail.shouldSwap = true; event.detail.isError = false; }
  const input = form && xhr.status >= 400 ? target.querySelector('input[type="file"]') : null;
  chosen = input?.files.length ? { id: input.id, files: input.files } : null;
});
document.addEventListener('htmx:afterSwap', () => {
  const input = chosen && $(chosen.id);
  if (!input) return;
  input.files = chosen.files;
  chosen = null;
  document.querySelectorAll('[data-files-lost]').forEach((el) => el.remove());
  input.dispatchEvent(new Event('change', { bubbles: true }));
});

/* ---------- opening another ticket from the list ---------- */
let watched = ticketId();
document.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target.id !== 'main') return;
  markRow();
  if (watched && watched !== ticketId()) globalThis.anxin?.live?.unwatch?.([`ticket:${watched}`]);
  watched = ticketId();
  if (watched) globalThis.anxin?.live?.watch?.([`ticket:${watched}`]);
  globalThis.anxin?.showPane?.('conv');
  $('ticket-title')?.focus({ preventScroll: true });
  toBottom();
  look();
});

/* ---------- composer: two papers, drafts on the server ---------- */
document.addEventListener('click', (event) => {
  const to = event.target.closest('[data-mode-to]')?.dataset.modeTo;
  if (!to) return;
  const dock = $('dock');
  if (to === 'note') dock.dataset.mode = 'note'; else delete dock.dataset.mode;
  dock.querySelector(to === 'note' ? '#note-form textarea' : '#reply-form textarea')?.focus();
});
document.addEventListener('click', (event) => {
  const text = event.target.closest('[data-insert]')?.dataset.insert;
  const area = document.querySelector('#reply-form textarea');
  if (!text || !area) return;
  delete $('dock').dataset.mode;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
  area.dispatchEvent(new Event('input', { bubbles: true }));
  area.focus();
});

const drafts = new Map(), saving = new Set();
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-draft-url]');
  if (!form || !event.target.matches('textarea')) return;
  clearTimeout(drafts.get(form));
  drafts.set(form, setTimeout(() => keep(form), 800));
});
function post(url, mode, text) {
  const body = new URLSearchParams({ mode, body: text });
  const going = fetch(url, { method: 'POST', body, credentials: 'same-origin', keepalive: text.length < 15000, headers: { 'X-CSRFToken': token() } });
  saving.add(going);
  going.catch(() => {}).finally(() => saving.delete(going));
  return going;
}
// what was sent is no draft any more, also when a save was still under way
function forgetDraft(mode) {
  const url = document.querySelector(`form[data-mode="${mode}"]`)?.dataset.draftUrl;
  if (saving.size && url) Promise.allSettled([...saving]).then(() => post(url, mode, '')).catch(() => {});
}
// leaving within the second in which nothing was saved yet
function keepNow() {
  drafts.forEach((timer, form) => { clearTimeout(timer); if (form.isConnected) keep(form); });
  drafts.clear();
}
addEventListener('pagehide', keepNow);
document.addEventListener('htmx:beforeRequest', (event) => { if (event.detail.target.id === 'main') keepNow(); });
async function keep(form) {
  drafts.delete(form);
  try {
    const answer = await post(form.dataset.draftUrl, form.dataset.mode, form.elements.body.value);
    const place = form.querySelector('[data-saved]');
    if (!answer.ok || !place) return;
    const { saved_at: at, hints = [] } = await answer.json();
    hint(form, hints);
    place.hidden = !at;
    if (at) place.querySelector('[data-saved-text]').textContent = say('saved', { time: new Date(at).toTimeString().slice(0, 5) });
  } catch { /* offline: the text stays in the field, the next key saves it */ }
}
// words that must not, or had better not, be said stand under the text while it is written (markup: _hint.html)
function hint(form, hints) {
  const list = form.querySelector('[data-hints]');
  if (!list) return;
  list.replaceChildren(...hints.map(({ text, stop }) => {
    const row = Object.assign(document.createElement('li'), { className: stop ? 'hint hint--stop' : 'hint' });
    const icon = document.querySelector('#composer svg.i')?.cloneNode(true);
    const use = icon?.querySelector('use');
    if (use) { use.setAttribute('href', use.getAttribute('href').replace(/#.*/, '#i-alert')); row.append(icon); }
    row.append(Object.assign(document.createElement('span'), { textContent: text }));
    return row;
  }));
  form.elements.body.toggleAttribute('aria-invalid', false);
  if (hints.some(({ stop }) => stop)) form.elements.body.setAttribute('aria-invalid', 'true');
}
document.addEventListener('htmx:configRequest', (event) => {
  const form = event.detail.elt.closest?.('form[data-draft-url]');
  if (form) { clearTimeout(drafts.get(form)); drafts.delete(form); }
});

/* ---------- acts in a dialog; without scripts they are pages ---------- */
document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-act]');
  if (!link || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  link.closest('details')?.removeAttribute('open');
  const answer = await fetch(link.href, { credentials: 'same-origin', headers: { 'HX-Request': 'true' } });
  if (answer.status !== 200) { location.href = link.href; return; }   // signed out, or gone: the page says so
  let dialog = $('act-dialog');
  if (!dialog) {
    dialog = Object.assign(document.createElement('dialog'), { id: 'act-dialog', className: 'dialog' });
    document.body.append(dialog);
  }
  dialog.innerHTML = await answer.text();
  globalThis.htmx?.process(dialog);
  // afterwards the focus goes back to what opened it: the button, or the menu that the link stands in
  const opener = link.closest('details.menu-at')?.querySelector('summary') ?? link;
  if (globalThis.anxin?.openDialog) globalThis.anxin.openDialog(dialog, opener); else dialog.showModal();
});

toBottom();
look();
