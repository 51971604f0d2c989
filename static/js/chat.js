// The customer's chat room. Without it the page is a form and a reload; with it messages come and go live.
// What was written is kept in this browser until the server has it, and goes out again under the same client id:
// the server takes each id once, so that sending twice is safe.

const room = document.getElementById('room');
const POLL = 2000, POLL_HIDDEN = 15000, POLL_LIVE = 20000, POLL_WAITING = 10000, POLL_YOUNG = 3000, POLL_ENDED = 30000;
const BACKOFF = [1000, 2000, 5000, 10000, 30000];

/* ---------- this browser's memory ---------- */
const load = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const store = (key, value) => {
  try { if (value === null || value.length === 0) localStorage.removeItem(key); else localStorage.setItem(key, JSON.stringify(value)); } catch { /* private or full: the page's own memory remains */ }
};

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
}

class Room {
  constructor(el) {
    const data = el.dataset;
    Object.assign(this, {
      el, words: data, thread: data.thread, ended: Boolean(data.ended), waiting: Boolean(data.waiting), work: data.work, since: Date.now(), said: document.getElementById('said'), form: document.getElementById('say'),
      text: document.getElementById('body'), picked: document.getElementById('files'), trouble: el.querySelector('[data-trouble]'), pill: el.querySelector('[data-new]'),
      unsentKey: `chat:unsent:${data.thread}`, draftKey: `chat:draft:${data.thread}`, files: new Map(), refused: new Map(),
      reported: 0, unseen: 0, title: document.title, live: false, tries: 0, event: Number(data.since) || 0, knocks: 0,
    });
    this.csrf = this.form.querySelector('[name="csrfmiddlewaretoken"]').value;
    this.queue = load(this.unsentKey) ?? [];
  }

  start() {
    this.queue.forEach((item) => this.showPending(item));
    this.text.value ||= load(this.draftKey) ?? '';
    this.grow();
    this.toEnd();
    this.form.addEventListener('submit', (event) => { event.preventDefault(); this.submit(); });
    this.text.addEventListener('keydown', (event) => {
      const plain = event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
      if (plain && matchMedia('(pointer: fine)').matches) { event.preventDefault(); this.form.requestSubmit(); }
    });
    this.text.addEventListener('input', () => { this.grow(); store(this.draftKey, this.text.value); });
    this.pill.addEventListener('click', () => this.toEnd());
    this.said.addEventListener('scroll', () => { this.stuck = this.atEnd(); if (this.stuck) { this.pill.hidden = true; this.report(); } });
    addEventListener('online', () => { this.knocks = 0; this.connect(); this.flush(); this.look(); });
    addEventListener('pageshow', (event) => { if (event.persisted) { this.connect(); this.look(); } });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) { this.unread(0); this.connect(); this.look(); this.report(); } });
    this.said.addEventListener('load', () => { if (this.stuck) this.toEnd(); }, true);
    this.connect();
    this.tick();
    this.report();
    this.flush();
  }

  /* ---------- reading ---------- */
  get last() { return Math.max(0, ...[...this.said.querySelectorAll('[data-seq]')].map((el) => Number(el.dataset.seq))); }

  atEnd() { return this.said.scrollHeight - this.said.scrollTop - this.said.clientHeight < 80; }

  toEnd() {
    this.said.scrollTop = this.said.scrollHeight;
    this.pill.hidden = true;
    this.stuck = true;
  }

  tick() {
    clearTimeout(this.timer);
    // a nudge tells of messages; the place in the queue and the request's number are asked for
    const young = !this.work && Date.now() - this.since < 60000;
    const live = young ? POLL_YOUNG : this.waiting ? POLL_WAITING : POLL_LIVE;
    const pause = this.ended ? POLL_ENDED : document.hidden ? POLL_HIDDEN : this.live ? live : POLL;
    this.timer = setTimeout(async () => { await this.look(); this.tick(); }, pause);
  }

  /** Fetch what was said since; a call during a call is done once more afterwards. */
  async look() {
    if (this.looking) { this.lookAgain = true; return; }
    this.looking = true;
    try {
      do {
        this.lookAgain = false;
        const answer = await fetch(`${this.words.messages}?after=${this.last}`, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
        if (answer.status === 404) { this.gone(); return; }
        if (!answer.ok) return;
        const news = await answer.json();
        this.take(news);
        if (news.more) this.lookAgain = true;
      } while (this.lookAgain);
    } catch { /* no connection: the next tick tries again */ } finally { this.looking = false; }
  }

  take(news) {
    const wasAtEnd = this.atEnd(), before = this.last;
    const fragment = document.createElement('template');
    fragment.innerHTML = news.html;
    let theirs = 0;
    let skip = false;
    for (const el of [...fragment.content.children]) {
      const seq = Number(el.dataset.seq ?? 0);
      if (seq) skip = seq <= before;
      if (skip) continue;
      if (el.dataset.clientId) this.settle(el.dataset.clientId);
      if (seq && !el.classList.contains('msg--out')) theirs += 1;
      this.said.insertBefore(el, this.said.querySelector('[data-pending]'));
    }
    const bar = this.el.querySelector('[data-bar]'), head = this.el.querySelector('[data-head]');
    if (bar.innerHTML.trim() !== news.bar) bar.innerHTML = news.bar;
    bar.hidden = !news.bar;
    if (head.innerHTML.trim() !== news.head) head.innerHTML = news.head;
    Object.assign(this, { ended: news.ended, waiting: news.waiting, work: news.work });
    this.said.querySelectorAll('.msg--out[data-seq]').forEach((el) => {
      if (Number(el.dataset.seq) <= news.read_seq) el.querySelector('[data-sent]').textContent = this.words.sayRead;
    });
    if (this.last > before) {
      if (wasAtEnd || !theirs) this.toEnd(); else this.pill.hidden = false;
      if (theirs && document.hidden) this.unread(this.unseen + theirs);
      this.report();
    }
  }

  unread(count) {
    this.unseen = count;
    document.title = count ? `(${count}) ${this.title}` : this.title;
  }

  /** Tell up to where this page has fetched, and shown. */
  async report() {
    const last = this.last, shown = !document.hidden && this.atEnd() ? last : 0;
    if (this.reporting || !last || (shown <= this.reported && (shown || last <= (this.fetched ?? 0)))) return;
    this.reporting = true;
    try {
      const answer = await this.post(this.words.read, { read: Math.max(shown, this.reported), delivered: last });
      if (answer.ok) { this.fetched = last; this.reported = Math.max(shown, this.reported); }
    } catch { /* told with the next one */ } finally { this.reporting = false; }
  }

  gone() {
    this.ended = true;
    this.complain(this.words.sayGone);
  }

  complain(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = !text;
  }

  /* ---------- live: nudges say that there is something; what it is, look() fetches ---------- */
  connect() {
    if (!('WebSocket' in globalThis) || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    clearTimeout(this.again);
    const url = new URL(this.words.socket, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = this.socket = new WebSocket(url);
    socket.addEventListener('open', () => socket.send(JSON.stringify({ token: this.words.pass, watch: [`thread:${this.thread}`], since: this.event })));
    socket.addEventListener('message', (event) => this.hear(event.data));
    socket.addEventListener('close', () => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.live = false;
      this.tick();
      this.tries += 1;
      this.again = setTimeout(() => this.connect(), BACKOFF[Math.min(this.tries, BACKOFF.length) - 1] * (.7 + Math.random() * .6));
    });
  }

  hear(text) {
    let message;
    try { message = JSON.parse(text); } catch { return; }
    if (message.watching) {
      this.live = message.watching.length > 0;
      this.tries = 0;
      this.tick();
      if (this.live) this.look();
    }
    if (message.event) this.event = Math.max(this.event, message.event);
    if (message.topic === `thread:${this.thread}` || message.stale) this.look();
  }

  /* ---------- writing ---------- */
  grow() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  submit() {
    const body = this.text.value.trim(), files = [...this.picked.files];
    if (!this.picked.checkValidity()) { this.picked.focus(); return; }
    if (!body && !files.length) { this.text.focus(); return; }
    const item = { id: newId(), body, at: Date.now(), files: files.length };
    if (files.length) this.files.set(item.id, files);
    this.keep([...this.queue, item]);
    this.showPending(item);
    this.text.value = '';
    store(this.draftKey, null);
    this.picked.value = '';
    this.picked.dispatchEvent(new Event('change', { bubbles: true }));
    this.grow();
    this.toEnd();
    this.text.focus();
    this.complain('');
    this.flush();
  }

  keep(queue) {
    this.queue = queue;
    store(this.unsentKey, queue);
  }

  pending(id) { return this.said.querySelector(`[data-pending="${id}"]`); }

  showPending(item) {
    const el = document.getElementById('tpl-said').content.firstElementChild.cloneNode(true);
    el.dataset.pending = item.id;
    el.querySelector('b').textContent = this.words.sayYou;
    const bubble = el.querySelector('.bubble');
    bubble.textContent = [item.body, ...(this.files.get(item.id) ?? []).map((file) => `📎 ${file.name}`)].filter(Boolean).join('\n');
    el.querySelector('[data-again]').textContent = this.words.sayAgain;
    el.querySelector('[data-drop]').textContent = this.words.sayDrop;
    el.querySelector('[data-again]').addEventListener('click', () => { this.refused.delete(item.id); this.knocks = 0; this.flush(); });
    el.querySelector('[data-drop]').addEventListener('click', () => this.drop(item));
    this.said.append(el);
    this.mark(item.id, this.words.saySending);
  }

  mark(id, text, { failed = false, again = false } = {}) {
    const el = this.pending(id);
    if (!el) return;
    el.querySelector('[data-sent]').textContent = text;
    el.classList.toggle('msg--fail', failed);
    el.querySelector('.chat__again').hidden = !again;
  }

  drop(item) {
    this.keep(this.queue.filter((other) => other.id !== item.id));
    this.pending(item.id)?.remove();
    this.refused.delete(item.id);
    if (!this.text.value) { this.text.value = item.body; this.grow(); }
    this.text.focus();
  }

  /** The server has it. */
  settle(id) {
    this.pending(id)?.remove();
    this.files.delete(id);
    if (this.queue.some((item) => item.id === id)) this.keep(this.queue.filter((item) => item.id !== id));
  }

  async flush() {
    clearTimeout(this.retry);
    if (this.flushing) return;
    this.flushing = true;
    try {
      let item;
      while ((item = this.queue.find((other) => !this.refused.has(other.id)))) {
        const wait = await this.deliver(item);
        if (wait) { this.retry = setTimeout(() => this.flush(), wait); return; }
      }
      this.knocks = 0;
    } finally { this.flushing = false; }
  }

  /** Send one; answers how long to wait before trying again, 0 when it is settled one way or the other. */
  async deliver(item) {
    if (item.files && !this.files.has(item.id)) { this.refuse(item, this.words.sayFile); return 0; }
    this.mark(item.id, this.words.saySending);
    let answer;
    try {
      const data = new FormData();
      data.set('body', item.body);
      data.set('client_msg_id', item.id);
      data.set('after', this.last);
      (this.files.get(item.id) ?? []).forEach((file) => data.append('files', file));
      answer = await fetch(this.words.messages, { method: 'POST', body: data, headers: { Accept: 'application/json', 'X-CSRFToken': this.csrf }, credentials: 'same-origin' });
    } catch { return this.wait(item); }
    if (answer.ok) {
      try { this.take(await answer.json()); } catch { return this.wait(item); }
      this.settle(item.id);
      this.knocks = 0;
      return 0;
    }
    if (answer.status >= 500) return this.wait(item);
    if (answer.status === 429) { this.mark(item.id, this.words.sayWaiting); return 1000 * Number(answer.headers.get('Retry-After') || 10); }
    if (answer.status === 404) this.gone();
    let problem = {};
    try { problem = await answer.json(); } catch { /* no reason was given */ }
    this.refuse(item, Object.values(problem.fields ?? {}).flat().join(' ') || problem.detail || '');
    return 0;
  }

  wait(item) {
    this.knocks += 1;
    this.mark(item.id, this.words.sayWaiting, { failed: this.knocks > 3, again: this.knocks > 3 });
    return BACKOFF[Math.min(this.knocks, BACKOFF.length) - 1];
  }

  refuse(item, reason) {
    this.refused.set(item.id, reason);
    this.mark(item.id, [this.words.sayFailed, reason].filter(Boolean).join(': '), { failed: true, again: true });
  }

  post(url, data) {
    return fetch(url, { method: 'POST', body: JSON.stringify(data), keepalive: true, credentials: 'same-origin', headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': this.csrf } });
  }
}

if (room && !room.dataset.past) new Room(room).start();
