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

/* ---------- the opened ticket ---------- */
const thread = () => $('thread');
const ticketId = () => $('ticket-head')?.dataset.ticket;
const atBottom = (el) => el.scrollHeight - el.scrollTop - el.clientHeight < 80;
const toBottom = () => { const el = thread(); if (el) el.scrollTop = el.scrollHeight; $('new-below')?.setAttribute('hidden', ''); };

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
    const url = $('ticket-head')?.dataset.seenUrl;
    if (url && !document.hidden) fetch(url, { method: 'POST', credentials: 'same-origin', headers: { 'X-CSRFToken': token() } }).catch(() => {});
  }, 1200);
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
document.addEventListener('click', (event) => { if (event.target.closest('#new-below')) toBottom(); });

let headTimer = 0;
document.addEventListener('live:message', (event) => {
  const { topic, stale } = event.detail ?? {};
  if (stale || topic?.startsWith('queue')) listChanged();
  if (stale || topic === `ticket:${ticketId()}`) {
    fetchLines();
    clearTimeout(headTimer);
    headTimer = setTimeout(() => fire('ticket:refresh'), 300);
  }
});
document.addEventListener('desk:sent', () => { fetchLines().then(toBottom); fire('ticket:refresh'); prepare(); $('reply-form')?.querySelector('textarea')?.focus(); });

/* ---------- opening another ticket from the list ---------- */
let watched = ticketId();
document.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target.id !== 'main') return;
  document.querySelectorAll('.trow[aria-current]').forEach((row) => row.removeAttribute('aria-current'));
  const row = $(`queue-row-${ticketId()}`);
  row?.setAttribute('aria-current', 'true');
  row?.removeAttribute('data-unread');
  if (watched && watched !== ticketId()) globalThis.anxin?.live?.unwatch?.([`ticket:${watched}`]);
  watched = ticketId();
  if (watched) globalThis.anxin?.live?.watch?.([`ticket:${watched}`]);
  globalThis.anxin?.showPane?.('conv');
  $('ticket-title')?.focus({ preventScroll: true });
  prepare();
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

const drafts = new Map();
document.addEventListener('input', (event) => {
  const form = event.target.closest('form[data-draft-url]');
  if (!form || !event.target.matches('textarea')) return;
  clearTimeout(drafts.get(form));
  drafts.set(form, setTimeout(() => keep(form), 800));
});
async function keep(form) {
  if (!form.isConnected) return;
  const body = new URLSearchParams({ mode: form.dataset.mode, body: form.elements.body.value });
  try {
    const answer = await fetch(form.dataset.draftUrl, { method: 'POST', body, credentials: 'same-origin', headers: { 'X-CSRFToken': token() } });
    const place = form.querySelector('[data-saved]');
    if (!answer.ok || !place) return;
    const { saved_at: at } = await answer.json();
    place.hidden = !at;
    if (at) place.querySelector('[data-saved-text]').textContent = say('saved', { time: new Date(at).toTimeString().slice(0, 5) });
  } catch { /* offline: the text stays in the field, the next key saves it */ }
}
function prepare() {
  document.querySelectorAll('[data-fresh-id]').forEach((input) => { if (!input.value) input.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; });
}
// what the page showed when the answer was written: the newest customer message on it
document.addEventListener('htmx:configRequest', (event) => {
  const form = event.detail.elt.closest?.('#reply-form');
  if (form && form.querySelector('[data-seen-seq]')) form.querySelector('[data-seen-seq]').value ||= 0;
  drafts.forEach((t) => clearTimeout(t));
});

/* ---------- acts in a dialog; without scripts they are pages ---------- */
document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-act]');
  if (!link || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  link.closest('details')?.removeAttribute('open');
  const answer = await fetch(link.href, { credentials: 'same-origin', headers: { 'HX-Request': 'true' } });
  if (!answer.ok) { location.href = link.href; return; }
  let dialog = $('act-dialog');
  if (!dialog) {
    dialog = Object.assign(document.createElement('dialog'), { id: 'act-dialog', className: 'dialog' });
    document.body.append(dialog);
  }
  dialog.innerHTML = await answer.text();
  globalThis.htmx?.process(dialog);
  if (globalThis.anxin?.openDialog) globalThis.anxin.openDialog(dialog); else dialog.showModal();
});

prepare();
toBottom();
look();
