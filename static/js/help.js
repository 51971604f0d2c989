// Help centre: suggestions under the search field by keyboard, narrow facets folded, print, and one view per visit.

/* ---------- suggestions: arrows move, Enter opens, Esc closes ---------- */
const field = document.querySelector('input[role="combobox"]');
const list = document.getElementById('suggestions');
if (field && list) {
  let chosen = -1;
  const rows = () => [...list.querySelectorAll('[role="option"]')];
  const show = (open) => {
    list.hidden = !open;
    field.setAttribute('aria-expanded', String(open));
    if (!open) { choose(-1); }
  };
  const choose = (index) => {
    chosen = index;
    rows().forEach((row, place) => row.setAttribute('aria-selected', String(place === index)));
    if (index < 0) field.removeAttribute('aria-activedescendant');
    else field.setAttribute('aria-activedescendant', rows()[index].id);
  };
  list.addEventListener('htmx:afterSwap', () => {
    choose(-1);
    show(rows().length > 0 && document.activeElement === field);
  });
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;   // the input method's own arrows and Enter
    const count = rows().length;
    if (event.key === 'Escape' && !list.hidden) { event.preventDefault(); show(false); }
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && count) {
      event.preventDefault();
      show(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      choose(chosen < 0 && step < 0 ? count - 1 : (chosen + step + count) % count);
    } else if (event.key === 'Enter' && chosen >= 0) {
      event.preventDefault();
      rows()[chosen].click();
    }
  });
  field.addEventListener('input', () => { if (!field.value.trim()) show(false); });
  document.addEventListener('click', (event) => { if (!field.form.contains(event.target)) show(false); });
  field.form.addEventListener('focusout', () => setTimeout(() => { if (!field.form.contains(document.activeElement)) show(false); }));
}

/* ---------- facets stand open beside the results and folded above them ---------- */
const wide = matchMedia('(min-width: 1100px)');
const fold = () => document.querySelectorAll('.facet').forEach((facet) => { facet.open = wide.matches; });
fold();
wide.addEventListener('change', fold);
document.addEventListener('htmx:afterSwap', (event) => { if (event.target.id === 'results') fold(); });

/* ---------- an article ---------- */
document.querySelector('[data-print]')?.addEventListener('click', () => print());

const article = document.querySelector('[data-viewed]');
if (article) {
  const key = `viewed:${article.dataset.viewed}`;
  const token = document.querySelector('input[name="csrfmiddlewaretoken"]')?.value;
  let seen = false;
  try { seen = sessionStorage.getItem(key) === '1'; sessionStorage.setItem(key, '1'); } catch { /* private mode */ }
  if (!seen && token) {
    fetch(article.dataset.viewed, { method: 'POST', headers: { 'X-CSRFToken': token }, keepalive: true }).catch(() => { /* a figure only */ });
  }
}
