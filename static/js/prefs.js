// Loaded in <head> before the first paint: theme and large type from this browser's memory. Not a module, so that it
// blocks; nothing else may do so. The desk keeps its type size (staff zoom with the browser).
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('js');

  function read(key) { try { return localStorage.getItem(key); } catch (e) { return null; } }
  function write(key, value) {
    try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch (e) { /* private mode */ }
  }
  function apply() {
    var theme = read('theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme; else delete root.dataset.theme;
    if (read('type') === 'large' && root.dataset.surface !== 'desk') root.dataset.type = 'large'; else delete root.dataset.type;
  }
  function mark() {
    var theme = read('theme') || 'auto';
    document.querySelectorAll('[data-theme-set]').forEach(function (el) {
      el.setAttribute('aria-checked', String(el.dataset.themeSet === theme));
    });
    document.querySelectorAll('[data-type-toggle]').forEach(function (el) {
      el.setAttribute('aria-pressed', String(root.dataset.type === 'large'));
    });
    document.querySelectorAll('[data-theme-toggle]').forEach(function (el) {
      el.setAttribute('aria-pressed', String(isDark()));
    });
  }
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  }

  apply();
  document.addEventListener('DOMContentLoaded', mark);
  addEventListener('storage', function () { apply(); mark(); });   // another tab changed it
  document.addEventListener('click', function (event) {
    var el = event.target.closest && event.target.closest('[data-theme-set], [data-theme-toggle], [data-type-toggle]');
    if (!el) return;
    if ('typeToggle' in el.dataset) write('type', root.dataset.type === 'large' ? '' : 'large');
    else if ('themeToggle' in el.dataset) write('theme', isDark() ? 'light' : 'dark');
    else write('theme', el.dataset.themeSet === 'auto' ? '' : el.dataset.themeSet);
    apply();
    mark();
  });
})();
