// File inputs with a list of what was chosen and a message beside the field; without it the plain input works.
//   <input type="file" name="files" multiple accept="image/*,.pdf" data-upload data-max-mb="10" data-max-files="5">
// Images: data-max-mb; videos may be larger: data-max-video-mb. Inside <label class="drop"> and [data-drop] files can be dropped,
// and [data-paste-to="<input id>"] takes pasted pictures.

const say = (key, values) => globalThis.anxin?.say?.(key, values) ?? '';
const MB = 1024 * 1024;

function allowed(file, accept) {
  if (!accept) return true;
  const name = file.name.toLowerCase();
  return accept.split(',').map((part) => part.trim().toLowerCase()).some((part) => part.startsWith('.') ? name.endsWith(part)
    : part.endsWith('/*') ? file.type.startsWith(part.slice(0, -1)) : file.type === part);
}

function wrong(input, files) {
  const most = Number(input.dataset.maxFiles || (input.multiple ? 10 : 1));
  if (files.length > most) return say('too-many', { n: most });
  for (const file of files) {
    if (!allowed(file, input.accept)) return say('wrong-type', { name: file.name });
    const limit = Number((file.type.startsWith('video/') && input.dataset.maxVideoMb) || input.dataset.maxMb || 25);
    if (file.size > limit * MB) return say('too-big', { name: file.name, n: limit });
  }
  return '';
}

function errorOf(input) {
  const id = `${input.id || input.name}_upload_error`;
  let el = document.getElementById(id);
  if (!el) {
    el = Object.assign(document.createElement('p'), { id, className: 'field__error', hidden: true });
    el.setAttribute('role', 'alert');
    listOf(input).after(el);
    input.setAttribute('aria-describedby', [input.getAttribute('aria-describedby'), id].filter(Boolean).join(' '));
  }
  return el;
}

function listOf(input) {
  const given = input.dataset.uploadList && document.getElementById(input.dataset.uploadList);
  if (given) return given;
  const anchor = input.closest('.drop') ?? input;
  if (!anchor.nextElementSibling?.matches('ul.files')) anchor.after(Object.assign(document.createElement('ul'), { className: 'files' }));
  return anchor.nextElementSibling;
}

function sizeWords(bytes) { return bytes > MB ? `${(bytes / MB).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`; }

function icon(name) {
  const source = document.querySelector('svg.i use')?.getAttribute('href')?.split('#')[0];
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'i');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  if (source) use.setAttribute('href', `${source}#i-${name}`);
  svg.append(use);
  return svg;
}

function picture(file) {
  if (!file.type.startsWith('image/')) {
    const box = Object.assign(document.createElement('span'), { className: 'file__pic' });
    box.append(icon(file.type.startsWith('video/') ? 'video' : 'doc'));
    return box;
  }
  const img = Object.assign(document.createElement('img'), { className: 'file__pic', alt: '', src: URL.createObjectURL(file) });
  img.addEventListener('load', () => URL.revokeObjectURL(img.src), { once: true });
  return img;
}

function put(input, files) {
  const data = new DataTransfer();
  files.forEach((file) => data.items.add(file));
  input.files = data.files;
}

function show(input) {
  const list = listOf(input), files = [...input.files], error = errorOf(input), text = wrong(input, files);
  list.replaceChildren(...files.map((file, index) => {
    const row = Object.assign(document.createElement('li'), { className: 'file' });
    const name = Object.assign(document.createElement('span'), { textContent: `${file.name} · ${sizeWords(file.size)}` });
    const away = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn--plain btn--icon' });
    away.setAttribute('aria-label', say('remove', { name: file.name }));
    away.append(icon('x'));
    away.addEventListener('click', () => {
      put(input, files.filter((_, i) => i !== index));
      input.dispatchEvent(new Event('change', { bubbles: true }));
      (list.querySelectorAll('button')[Math.min(index, files.length - 2)] ?? input).focus();
    });
    row.append(picture(file), name, away);
    return row;
  }));
  error.hidden = !text;
  error.replaceChildren(...(text ? [icon('alert'), Object.assign(document.createElement('span'), { textContent: text })] : []));
  input.setCustomValidity(text);
  if (text) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid');
}

function add(input, files) {
  if (!files.length) return;
  put(input, input.multiple ? [...input.files, ...files] : [files[0]]);
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

document.addEventListener('change', (event) => { if (event.target.matches('input[type="file"][data-upload]')) show(event.target); });
document.addEventListener('reset', (event) => setTimeout(() => event.target.querySelectorAll('input[data-upload]').forEach(show)));
for (const type of ['dragover', 'dragleave', 'drop']) {
  document.addEventListener(type, (event) => {
    const area = event.target.closest?.('.drop, [data-drop]');
    const input = area?.querySelector('input[data-upload]');
    if (!input || !event.dataTransfer?.types.includes('Files')) return;   // dragged text stays the browser's
    event.preventDefault();
    area.toggleAttribute('data-over', type === 'dragover');
    if (type === 'drop') add(input, [...event.dataTransfer.files]);
  });
}
document.addEventListener('paste', (event) => {
  const input = document.getElementById(event.target.closest?.('[data-paste-to]')?.dataset.pasteTo ?? '');
  const files = [...(event.clipboardData?.files ?? [])];
  if (!input || !files.length) return;
  event.preventDefault();
  add(input, files);
});
