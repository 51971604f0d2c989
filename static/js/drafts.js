// Drafts that survive a reload: <form data-draft="ticket-412-reply">. Kept in this browser for 7 days under the
// signed-in person's number, cleared when the form went out and when somebody signs out. Passwords, codes, files,
// hidden fields and [data-no-draft] are never kept.

const DAYS = 7, PREFIX = 'draft:';
const SKIP = 'input[type="password"], input[type="file"], input[type="hidden"], input[autocomplete="one-time-code"], [data-no-draft], [data-no-draft] *';
const timers = new WeakMap(), begun = new WeakMap();
let restoring = false, over = false;   // over: signed out, nothing is kept any more
const say = (key, values) => globalThis.anxin?.say?.(key, values) ?? '';

const nameOf = (form) => `${PREFIX}${document.body.dataset.user ?? ''}:${form.dataset.draft}`;
const fields = (form) => [...form.elements].filter((el) => el.name && !el.matches(SKIP) && !el.matches('button, fieldset, output'));
const value = (el) => el.matches('[type="checkbox"], [type="radio"]') ? el.checked : el.value;
const initial = (el) => el.matches('[type="checkbox"], [type="radio"]') ? el.defaultChecked : el.matches('select')
  ? ([...el.options].find((o) => o.defaultSelected) ?? el.options[0])?.value : el.defaultValue;
const slot = (el) => el.matches('[type="checkbox"], [type="radio"]') ? `${el.name}=${el.value}` : el.name;

function store(key, data) {
  try { if (data) localStorage.setItem(key, JSON.stringify(data)); else localStorage.removeItem(key); } catch { /* full or private */ }
}
function load(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } }

function mark(form, text) {
  const id = form.id && `[data-draft-state="${form.id}"]`;
  const place = form.querySelector('[data-draft-state]') ?? (id ? document.querySelector(id) : null);
  if (!place) return;
  (place.querySelector('[data-draft-text]') ?? place).textContent = text;
  place.hidden = !text;
}

export function saveDraft(form) {
  clearTimeout(timers.get(form));
  if (over) return;
  const changed = fields(form).filter((el) => value(el) !== initial(el) && value(el) !== '' && value(el) !== null);
  if (!changed.length) { clearDraft(form); return; }
  store(nameOf(form), { at: Date.now(), values: Object.fromEntries(changed.map((el) => [slot(el), value(el)])) });
  mark(form, say('saved', { time: new Date().toTimeString().slice(0, 5) }));
}

export function clearDraft(form) {
  clearTimeout(timers.get(form));
  store(nameOf(form), null);
  mark(form, '');
}

function restore(form) {
  if (begun.has(form)) return;
  begun.set(form, true);
  const key = nameOf(form), sent = `sent:${key}`;
  let went = false;
  try { went = sessionStorage.getItem(sent); sessionStorage.removeItem(sent); } catch { /* private mode */ }
  // the page came back with this form after a submit: without a refused field it had been taken
  if (went && !form.querySelector('[aria-invalid="true"], [data-error]')) { store(key, null); return; }
  const draft = load(key);
  if (!draft) return;
  if (Date.now() - draft.at > DAYS * 864e5) { store(key, null); return; }
  let any = false;
  restoring = true;   // the events below wake counters and heights, they are no new text
  for (const el of fields(form)) {
    const old = draft.values[slot(el)];
    if (old === undefined || value(el) === old) continue;
    if (typeof old === 'boolean') el.checked = old;
    else if (value(el) === initial(el) && (!went || el.value === '')) el.value = old;   // what a refused form brings back is newer
    else continue;
    any = true;
    el.dispatchEvent(new Event('input', { bubbles: true }));
  }
  restoring = false;
  if (any) {
    mark(form, say('restored'));
    form.dispatchEvent(new CustomEvent('draft:restored', { bubbles: true }));
  }
}

function sweep() {
  try {
    Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => {
      const draft = load(key);
      if (!draft || Date.now() - draft.at > DAYS * 864e5) localStorage.removeItem(key);
    });
  } catch { /* private mode */ }
}

document.addEventListener('input', (event) => {
  const form = event.target.form;
  if (restoring || !form?.dataset.draft || event.target.matches(SKIP)) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(saveDraft, 500, form));
});
document.addEventListener('submit', (event) => {
  const form = event.target;
  if ('logout' in form.dataset) {
    over = true;
    try { Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => localStorage.removeItem(key)); } catch { /* private mode */ }
  }
  if (event.defaultPrevented || !form.dataset.draft) return;   // htmx takes its own way, below
  saveDraft(form);
  try { sessionStorage.setItem(`sent:${nameOf(form)}`, '1'); } catch { /* private mode */ }
});
document.addEventListener('htmx:afterRequest', (event) => {
  const form = event.detail.elt?.closest?.('form[data-draft]');
  if (form && event.detail.successful && event.detail.requestConfig.verb !== 'get') clearDraft(form);
});
addEventListener('pagehide', () => document.querySelectorAll('form[data-draft]').forEach((form) => { if (!form.dataset.sent && begun.has(form)) saveDraft(form); }));

const start = (where) => {
  where.querySelectorAll?.('form[data-draft]').forEach(restore);
  if (where.matches?.('form[data-draft]')) restore(where);
};
document.addEventListener('htmx:load', (event) => start(event.target));
sweep();
start(document);
globalThis.anxin = { ...globalThis.anxin, saveDraft, clearDraft };
