// htmx as this project uses it (its <meta name="htmx-config"> stands in shells/base.html): the CSRF header, errors
// that stay in the part that failed, and no swap under somebody's caret.

const say = (key, values) => globalThis.anxin?.say?.(key, values) ?? '';
const token = () => document.cookie.match(/(?:^|; )(?:__(?:Host|Secure)-)?csrftoken=([^;]+)/)?.[1]
  ?? document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? '';

document.addEventListener('htmx:configRequest', (event) => {
  if (event.detail.verb !== 'get') event.detail.headers['X-CSRFToken'] = token();
});

/* ---------- a part that holds focus or a caret is not replaced by somebody else's answer ---------- */
const waiting = new Map();   // target → the request to make again
const writes = (el) => el?.isContentEditable || el?.matches?.('textarea, select, input:not([type="checkbox"]):not([type="radio"]):not([type="submit"])');

document.addEventListener('htmx:beforeSwap', (event) => {
  const { target, xhr, requestConfig } = event.detail;
  const active = document.activeElement, source = requestConfig.elt;
  const own = source === active || (source.closest('form') && source.closest('form') === active?.closest('form'));
  if (xhr.status < 400 && target !== document.body && target.contains(active) && writes(active) && !own) {
    event.detail.shouldSwap = false;
    waiting.set(target, requestConfig);
  }
  if (xhr.status < 400) target.querySelectorAll(':scope > [data-part-error]').forEach((el) => el.remove());
});
document.addEventListener('focusout', () => setTimeout(() => {
  for (const [target, config] of waiting) {
    if (target.isConnected && target.contains(document.activeElement)) continue;
    waiting.delete(target);
    if (target.isConnected) globalThis.htmx.ajax(config.verb, config.path, { source: config.elt, target });
  }
}));

/* ---------- errors: what failed, what is safe, what to do, its number; only in the failing part ---------- */
/** The server's own words (partials/error_part.html), else ours in the same shape. */
function boxFor({ xhr, isRead, code, retry }) {
  const given = xhr?.responseText && new DOMParser().parseFromString(xhr.responseText, 'text/html').querySelector('[data-part-error]');
  if (given) return document.importNode(given, true);
  const box = document.getElementById('tpl-error-part')?.content.firstElementChild.cloneNode(true);
  if (!box) return null;
  box.querySelector('[data-error-title]').textContent = say(isRead ? 'failed' : 'not-sent');
  box.querySelector('[data-error-text]').textContent = say(isRead ? 'failed-text' : 'not-sent-text', { code });
  const button = box.querySelector('[data-error-retry]');
  if (isRead) button?.addEventListener('click', retry); else button?.remove();   // a write is tried again with its own button
  return box;
}

function fail(event) {
  const { elt, target, xhr, requestConfig: config } = event.detail;
  const part = target ?? elt, isRead = config.verb === 'get';
  const code = xhr?.getResponseHeader?.('X-Error-Id') || xhr?.getResponseHeader?.('X-Request-ID') || xhr?.status || say('no-answer');
  const box = boxFor({ xhr, isRead, code, retry: () => globalThis.htmx.ajax(config.verb, config.path, { source: elt, target: part }) });
  if (!box || part.matches('input, textarea')) return;
  const bare = !part.textContent.trim() || part.querySelector(':scope > .skels, :scope > [data-part-error]');
  if (isRead && bare) { part.replaceChildren(box); return; }
  box.className = 'notice notice--bad';   // there is something to keep: one line above it
  const home = isRead ? part : (elt.closest('form') ?? part);
  home.querySelectorAll(':scope > [data-part-error]').forEach((el) => el.remove());
  home.prepend(box);
}
for (const name of ['htmx:responseError', 'htmx:sendError', 'htmx:timeout', 'htmx:swapError']) document.addEventListener(name, fail);
document.addEventListener('htmx:afterRequest', (event) => {
  if (event.detail.successful) event.detail.elt.closest?.('form')?.querySelectorAll(':scope > [data-part-error]').forEach((el) => el.remove());
});

/* ---------- busy is said after 300 ms, and unsaid at once ---------- */
const busy = new WeakMap();
document.addEventListener('htmx:beforeRequest', (event) => {
  const { target } = event.detail;
  busy.set(target, setTimeout(() => target.setAttribute('aria-busy', 'true'), 300));
});
document.addEventListener('htmx:afterRequest', (event) => {
  const { target } = event.detail;
  clearTimeout(busy.get(target));
  target?.removeAttribute('aria-busy');
});

/* ---------- after a form came back with errors, focus goes to the summary or the first wrong field ---------- */
document.addEventListener('htmx:afterSettle', (event) => {
  const part = event.detail.elt;
  const spot = part.querySelector?.('[data-autofocus], [aria-invalid="true"]');
  if (spot && !part.contains(document.activeElement)) spot.focus();
});
