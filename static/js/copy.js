// <button data-copy="T-2026-000412">: copies and says so in its own place. With data-copy="" its text is copied.

async function write(text) {
  if (navigator.clipboard && isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const box = Object.assign(document.createElement('textarea'), { value: text, className: 'vh' });   // plain http
  document.body.append(box);
  box.select();
  document.execCommand('copy');
  box.remove();
}

document.addEventListener('click', async (event) => {
  const el = event.target.closest?.('[data-copy]');
  if (!el || el.dataset.copying) return;
  event.preventDefault();
  el.dataset.copying = 'true';
  const place = el.querySelector('[data-copy-text]') ?? (el.children.length ? null : el);
  const before = place?.textContent;
  try {
    await write(el.dataset.copy || el.textContent.trim());
    const done = globalThis.anxin?.say?.('copied') ?? '';
    globalThis.anxin?.announce?.(done);
    if (place && done) place.textContent = done;
  } catch { /* not permitted: the text can still be selected */ }
  setTimeout(() => {
    if (place) place.textContent = before;
    delete el.dataset.copying;
  }, 1500);
});
