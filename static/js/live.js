// One WebSocket for the page, resumed by the last sequence number; when it cannot be had, an HTTP poll.
//   <body data-live-ws="/ws/desk/" data-live-poll="/desk/live/" data-live-since="1042">
// Down (JSON): {"seq": 1043, "type": "ticket.changed", …}, or {"type": "pong"}. The poll answers {"messages": [...], "seq": 1050}.
// Up: {"type": "ping"} each 20 s, and whatever a page sends. Both addresses get ?since=<last seq>.
// The page hears `live:message` (detail: the message), `live:state` (detail: {state, since}) on document.

const PING = 20000, STALE = 30000, POLL = 5000, MAX_WAIT = 30000;
const CLOSED_FOR_GOOD = [4401, 4403, 4404];   // signed out, not allowed, gone: trying again would not help

export class Live {
  constructor({ ws = '', poll = '', since = 0 } = {}) {
    Object.assign(this, { ws, poll, seq: Number(since) || 0, state: '', tries: 0, socket: null, answers: false, contact: Date.now(), ended: false });
    this.timers = {};
  }

  start() {
    addEventListener('online', () => this.connect(true));
    addEventListener('offline', () => this.become('offline'));
    addEventListener('pagehide', () => this.socket?.close());
    addEventListener('pageshow', (event) => { if (event.persisted) this.connect(true); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden && this.socket?.readyState !== WebSocket.OPEN) this.connect(true); });
    setInterval(() => this.watch(), 5000);
    this.connect();
    return this;
  }

  url(path) {
    const url = new URL(path, location.href);
    url.searchParams.set('since', this.seq);
    return url;
  }

  connect(now = false) {
    clearTimeout(this.timers.retry);
    if (this.ended || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    if (now) this.tries = 0;
    if (!this.ws || !('WebSocket' in globalThis)) { this.fallBack(); return; }
    if (this.state !== 'polling') this.become('connecting');
    const url = this.url(this.ws);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = this.socket = new WebSocket(url);
    socket.addEventListener('open', () => {
      this.tries = 0;
      this.contact = Date.now();
      this.stopPolling();
      this.become('live');
    });
    socket.addEventListener('message', (event) => this.hear(event.data));
    socket.addEventListener('close', (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (CLOSED_FOR_GOOD.includes(event.code)) { this.ended = true; this.stopPolling(); this.become('ended'); return; }
      this.tries += 1;
      if (this.tries >= 3) this.fallBack(); else this.become(navigator.onLine ? 'connecting' : 'offline');
      const wait = Math.min(MAX_WAIT, 1000 * 2 ** (this.tries - 1)) * (.7 + Math.random() * .6);
      this.timers.retry = setTimeout(() => this.connect(), wait);
    });
  }

  hear(text) {
    this.contact = Date.now();
    let message;
    try { message = JSON.parse(text); } catch { return; }
    if (message.type === 'pong') { this.answers = true; return; }
    this.take(message);
  }

  take(message) {
    if (message.seq) {
      if (message.seq <= this.seq) return;   // a resume may overlap
      this.seq = message.seq;
    }
    document.dispatchEvent(new CustomEvent('live:message', { detail: message }));
  }

  /** True when it went out; else the page uses its form. */
  send(data) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(data));
    return true;
  }

  fallBack() {
    if (!this.poll) { this.become('offline'); return; }
    this.become('polling');
    if (!this.timers.poll) this.ask();
  }

  async ask() {
    this.timers.poll = setTimeout(() => this.ask(), document.hidden ? POLL * 6 : POLL);
    try {
      const answer = await fetch(this.url(this.poll), { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) { this.ended = true; this.stopPolling(); this.become('ended'); return; }
      if (!answer.ok) return;
      const data = await answer.json();
      this.contact = Date.now();
      (data.messages ?? []).forEach((message) => this.take(message));
      if (data.seq > this.seq) this.seq = data.seq;
    } catch { /* no network: watch() says so */ }
  }

  stopPolling() {
    clearTimeout(this.timers.poll);
    this.timers.poll = null;
  }

  watch() {
    const open = this.socket?.readyState === WebSocket.OPEN;
    if (open && !this.answers) this.contact = Date.now();   // a server without pong: an open socket is a good sign
    if (open && Date.now() - (this.pinged ?? 0) >= PING) { this.pinged = Date.now(); this.send({ type: 'ping' }); }
    const age = Date.now() - this.contact;
    if (open && age > STALE + PING) this.socket.close();   // half open: start anew
    this.showAge(age);
  }

  showAge(age) {
    const old = age > STALE;
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

const { liveWs, livePoll, liveSince } = document.body.dataset;
const live = liveWs || livePoll ? new Live({ ws: liveWs, poll: livePoll, since: liveSince }).start() : null;
globalThis.anxin = { ...globalThis.anxin, live };
