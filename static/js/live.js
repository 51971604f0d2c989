// One WebSocket for the page; when it cannot be had, an HTTP poll. Both bring nudges ("ticket:42 changed"), never
// content: the page fetches its part anew. A reconnect resumes after the last event it knows.
//   <body data-live-ws="/ws/live/" data-live-poll="/live/since/" data-live-topics="ticket:42 queue:3" data-live-since="981">
//   a visitor adds data-live-token="…", the holder of a tracking link data-live-link="…"
// On document: `live:message` for every nudge (detail {topic, kind, event}), `live:ticket` and `live:ticket:42` beside it,
// so that hx-trigger="live:ticket:42 from:document" needs no script; kind "stale" means: fetch everything anew.
// `live:state` (detail {state, since}): connecting, live, polling, offline, ended. [data-live-stale] shows after 30 s
// without a sign of life.

const PING = 20000, STALE = 30000, POLL = 5000, MAX_WAIT = 30000;
const CLOSED_FOR_GOOD = [4401, 4403, 4404];   // signed out, not allowed, gone: trying again would not help
const split = (text) => (text ?? '').split(/[\s,]+/).filter(Boolean);

export class Live {
  constructor({ ws = '', poll = '', topics = [], since = 0, token = '', link = '' } = {}) {
    Object.assign(this, { ws, poll, topics: new Set(topics), since: Number(since) || 0, token, link });
    Object.assign(this, { state: '', tries: 0, socket: null, contact: Date.now(), pinged: 0, ended: false, timers: {} });
  }

  start() {
    addEventListener('online', () => this.connect(true));
    addEventListener('offline', () => this.become('offline'));
    addEventListener('pagehide', () => this.socket?.close());
    addEventListener('pageshow', (event) => { if (event.persisted) this.connect(true); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.connect(true); });
    setInterval(() => this.watchOver(), 5000);
    this.connect();
    return this;
  }

  /** Tell me about these too (or no longer). */
  watch(topics) {
    topics.forEach((topic) => this.topics.add(topic));
    this.send({ watch: topics, since: this.since || null });
  }

  unwatch(topics) {
    topics.forEach((topic) => this.topics.delete(topic));
    this.send({ unwatch: topics });
  }

  /** True when it went out. */
  send(data) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(data));
    return true;
  }

  connect(now = false) {
    if (this.ended || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    clearTimeout(this.timers.retry);
    if (now) this.tries = 0;
    if (!this.ws || !('WebSocket' in globalThis)) { this.fallBack(); return; }
    if (this.state !== 'polling') this.become('connecting');
    const url = new URL(this.ws, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = this.socket = new WebSocket(url);
    socket.addEventListener('open', () => this.opened());
    socket.addEventListener('message', (event) => this.hear(event.data));
    socket.addEventListener('close', (event) => { if (socket === this.socket) this.closed(event.code); });
  }

  opened() {
    this.tries = 0;
    this.contact = this.pinged = Date.now();
    this.stopPolling();
    if (this.token) this.send({ token: this.token });
    if (this.link) this.send({ link: this.link });
    if (this.topics.size) this.send({ watch: [...this.topics], since: this.since || null });
    this.become('live');
  }

  closed(code) {
    this.socket = null;
    clearTimeout(this.timers.settled);
    if (CLOSED_FOR_GOOD.includes(code)) { this.end(); return; }
    this.tries += 1;
    if (this.tries >= 3) this.fallBack(); else this.become(navigator.onLine ? 'connecting' : 'offline');
    const wait = Math.min(MAX_WAIT, 1000 * 2 ** (this.tries - 1)) * (.7 + Math.random() * .6);
    this.timers.retry = setTimeout(() => this.connect(), wait);
  }

  hear(text) {
    this.contact = Date.now();
    let said;
    try { said = JSON.parse(text); } catch { return; }
    if (said.topic) this.nudge(said);
    else if (said.stale) this.nudge({ topic: '', kind: 'stale', event: null });
    else if (said.watching) this.settle(said.event);
    else if (said.error === 'bad_token') this.end();
  }

  /** What was missed follows the answer to `watch`; a moment later its event is the better place to resume from. */
  settle(event) {
    if (!this.since) { this.since = event; return; }
    clearTimeout(this.timers.settled);
    this.timers.settled = setTimeout(() => { this.since = event; }, 5000);
  }

  nudge(said) {
    if (said.event) {
      this.since = said.event;
      clearTimeout(this.timers.settled);
    }
    const names = ['live:message', ...(said.topic ? [`live:${said.topic.split(':')[0]}`, `live:${said.topic}`] : this.everyName())];
    names.forEach((name) => document.dispatchEvent(new CustomEvent(name, { detail: said })));
  }

  everyName() {
    return [...new Set([...this.topics].flatMap((topic) => [`live:${topic.split(':')[0]}`, `live:${topic}`]))];
  }

  fallBack() {
    if (!this.poll) { this.become('offline'); return; }
    this.become('polling');
    if (!this.timers.poll) this.ask();
  }

  async ask() {
    this.timers.poll = setTimeout(() => this.ask(), document.hidden ? POLL * 6 : POLL);
    const url = new URL(this.poll, location.href);
    url.searchParams.set('event', this.since);
    url.searchParams.set('topics', [...this.topics].join(','));
    if (this.link) url.searchParams.set('link', this.link);
    try {
      const answer = await fetch(url, { headers: { Accept: 'application/json', ...(this.token ? { 'X-Chat-Token': this.token } : {}) }, credentials: 'same-origin' });
      if ([401, 403, 404].includes(answer.status)) { this.end(); return; }
      if (!answer.ok) return;
      const { event, stale, nudges = [] } = await answer.json();
      this.contact = Date.now();
      if (stale) this.nudge({ topic: '', kind: 'stale', event: null });
      nudges.forEach((said) => this.nudge(said));
      this.since = event;
    } catch { /* no network: watchOver() says so */ }
  }

  stopPolling() {
    clearTimeout(this.timers.poll);
    this.timers.poll = null;
  }

  end() {
    this.ended = true;
    this.stopPolling();
    this.socket?.close();
    this.become('ended');
  }

  watchOver() {
    const open = this.socket?.readyState === WebSocket.OPEN;
    if (open && Date.now() - this.pinged >= PING) { this.pinged = Date.now(); this.send({ ping: 1 }); }
    const age = Date.now() - this.contact;
    if (open && age > PING + STALE) this.socket.close();   // half open: start anew
    const old = age > STALE && !this.ended;
    document.documentElement.toggleAttribute('data-stale', old);
    document.querySelectorAll('[data-live-stale]').forEach((el) => {
      el.hidden = !old;
      if (old) el.lastElementChild.textContent = globalThis.anxin?.say?.('stale', { n: Math.max(1, Math.floor(age / 60000)) }) ?? '';
    });
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    document.documentElement.dataset.live = state;
    document.dispatchEvent(new CustomEvent('live:state', { detail: { state, since: new Date() } }));
  }
}

const { liveWs, livePoll, liveTopics, liveSince, liveToken, liveLink } = document.body.dataset;
const live = liveWs || livePoll
  ? new Live({ ws: liveWs, poll: livePoll, topics: split(liveTopics), since: liveSince, token: liveToken, link: liveLink }).start() : null;
globalThis.anxin = { ...globalThis.anxin, live };
