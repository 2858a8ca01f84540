'use strict';
// The page of `ringwire exporter --page`. It reads page/summary and page/peers and changes nothing. Names of peers come from
// configuration files, so every text goes into the document as text, never as HTML.

const REASONS = @REASONS@;  // of drops, from docs/counters.md
const SUMMARY_MS = 5000;
const PEERS_MS = 10000;
const PATIENCE_MS = 60000;
const ROW_PX = 32;  // as in page.css
const SPARE_ROWS = 10;

const byId = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// ---- text for people ---------------------------------------------------------------------------------------------

function scaled(value, step, units) {
  let unit = 0;
  while (value >= step && unit + 1 < units.length) { value /= step; unit += 1; }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
const bytesText = (value) => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
const rateText = (bits) => scaled(bits, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']);
function ageText(seconds) {
  if (seconds === null) return 'never';
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

// ---- interfaces --------------------------------------------------------------------------------------------------

// [time, received, sent] in bit/s between each two samples [ms, bytes, bytes]; a service that began anew leaves a gap.
function ratesOf(history) {
  const rates = [];
  for (let i = 1; i < history.length; i += 1) {
    const [before, now] = [history[i - 1], history[i]];
    const seconds = (now[0] - before[0]) / 1000;
    const counted = now[1] >= before[1] && now[2] >= before[2] && seconds > 0;
    rates.push([now[0], ...(counted ? [8 * (now[1] - before[1]) / seconds, 8 * (now[2] - before[2]) / seconds] : [null, null])]);
  }
  return rates;
}

function line(rates, column, from, to, top) {
  let path = '', pen = 'M';
  for (const rate of rates) {
    if (rate[column] === null) { pen = 'M'; continue; }
    const x = 1000 * (rate[0] - from) / (to - from), y = 100 - 98 * rate[column] / top;
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  return path;
}

function plot(one, summary) {
  const rates = ratesOf(one.history), last = rates.at(-1) || [0, 0, 0];
  const to = summary.now_ms, from = to - summary.span_s * 1000;
  const top = Math.max(1000, ...rates.map((rate) => Math.max(rate[1] || 0, rate[2] || 0)));
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 1000 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `Throughput of ${one.name} in the last ${summary.span_s / 60} minutes, at most ${rateText(top)}`);
  for (const [column, name] of [[1, 'received'], [2, 'sent']]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', line(rates, column, from, to, top));
    svg.append(path);
  }
  return make('figure', { class: 'plot' },
    make('figcaption', {},
      make('span', { class: 'received' }, `received ${rateText(last[1] || 0)}`),
      make('span', { class: 'sent' }, `sent ${rateText(last[2] || 0)}`),
      make('span', {}, `top ${rateText(top)}`)),
    svg,
    make('div', { class: 'axis' }, make('span', {}, `${summary.span_s / 60} min ago`), make('span', {}, 'now')));
}

function workers(one) {
  const part = make('div', {}, make('h3', {}, 'Load of the workers'));
  for (const worker of one.workers) {
    const percent = Math.round(100 * worker.load);
    part.append(make('div', { class: 'worker' },
      make('span', {}, `worker ${worker.index} (${worker.backend})`),
      make('meter', { min: 0, max: 1, high: 0.9, value: Math.min(1, worker.load), 'aria-label': `load of worker ${worker.index}` }),
      make('span', {}, `${percent} %`)));
  }
  return part;
}

function drops(one) {
  const list = make('dl');
  for (const [reason, count] of one.drops) {
    list.append(make('dt', {}, `${reason}: ${count.toLocaleString('en')}`), make('dd', {}, REASONS[reason] || 'see ringwire-counters(7)'));
  }
  return make('div', {}, make('h3', {}, 'Dropped packets'), one.drops.length ? list : make('p', {}, 'none'));
}

function interfaceSection(one, summary) {
  const section = make('section', { class: 'interface', 'aria-label': `Interface ${one.name}` });
  const state = one.answers ? (one.ready ? 'ready' : one.why) : 'its service does not answer';
  section.append(make('div', { class: 'title' }, make('h2', {}, one.name), make('span', { class: one.ready ? 'good' : 'bad' }, state)));
  if (!one.answers) return section;
  section.append(make('p', { class: 'facts' },
    `${one.peer_count.toLocaleString('en')} peer${one.peer_count === 1 ? '' : 's'}, UDP port ${one.listen_port}, MTU ${one.mtu}, version ${one.version}, key ${one.public_key || 'none'}`));
  for (const note of one.notes) section.append(make('p', { class: 'bad' }, note));
  section.append(make('div', { class: 'parts' }, plot(one, summary), make('div', {}, workers(one), drops(one))));
  return section;
}

function showSummary(summary) {
  const sections = summary.interfaces.map((one) => interfaceSection(one, summary));
  byId('interfaces').replaceChildren(...(sections.length ? sections : [make('p', {}, 'No interface is up.')]));
}

// ---- peers -------------------------------------------------------------------------------------------------------

const COLUMNS = [
  { title: 'Name', text: (peer) => peer.name || peer.key, order: (peer) => (peer.name || peer.key).toLowerCase() },
  { title: 'Interface', text: (peer) => peer.device, order: (peer) => peer.device, wide: true },
  { title: 'Endpoint', text: (peer) => peer.endpoint || '–', order: (peer) => peer.endpoint, wide: true },
  { title: 'Allowed IPs', text: (peer) => peer.allowed, order: (peer) => peer.allowed, wide: true },
  { title: 'Handshake', text: (peer) => ageText(ageOf(peer)), order: (peer) => -peer.handshake, number: true },
  { title: 'Received', text: (peer) => bytesText(peer.received), order: (peer) => peer.received, number: true },
  { title: 'Sent', text: (peer) => bytesText(peer.sent), order: (peer) => peer.sent, number: true, wide: true },
  { title: 'Now', text: (peer) => rateText(peer.rate), order: (peer) => peer.rate, number: true, wide: true },
];
const ageOf = (peer) => (peer.handshake === 0 ? null : Date.now() / 1000 + clockOffset - peer.handshake);

let clockOffset = 0;  // of the host's clock to this browser's, in seconds
let peers = [];
let shown = [];  // of peers: filtered and sorted
let sorting = { column: 4, descending: false };
let leftOut = 0;
let drawn = '';  // which rows the table holds
let ageCells = [];  // of these rows, with their peers

// Rows are arrays, as [device, name, key, endpoint, allowed IPs, handshake, received, sent, why].
function takePeers(answer) {
  clockOffset = answer.now_ms / 1000 - Date.now() / 1000;
  const before = new Map(peers.map((peer) => [peer.id, peer]));
  peers = answer.peers.map((row) => {
    const [device, name, key, endpoint, allowed, handshake, received, sent, why] = row;
    const peer = { id: `${device} ${key}`, device, name, key, endpoint, allowed, handshake, received, sent, why, at: answer.now_ms, rate: 0 };
    const old = before.get(peer.id);
    const seconds = old ? (peer.at - old.at) / 1000 : 0;
    if (seconds > 0) peer.rate = Math.max(0, 8 * (received + sent - old.received - old.sent) / seconds);
    else if (old) peer.rate = old.rate;
    peer.words = `${name}\n${key}\n${device}\n${endpoint}\n${allowed}`.toLowerCase();
    return peer;
  });
  leftOut = answer.left_out;
  arrange();
}

function arrange() {
  const wanted = byId('filter').value.trim().toLowerCase();
  const order = COLUMNS[sorting.column].order, sign = sorting.descending ? -1 : 1;
  const keyed = (wanted ? peers.filter((peer) => peer.words.includes(wanted)) : peers).map((peer) => [order(peer), peer]);
  keyed.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : 0));
  shown = keyed.map((pair) => pair[1]);
  const rest = leftOut ? `; ${leftOut.toLocaleString('en')} more are not sent` : '';
  byId('count').value = `${shown.length.toLocaleString('en')} of ${peers.length.toLocaleString('en')}${rest}`;
  byId('table').setAttribute('aria-rowcount', shown.length + 1);
  drawn = '';
  draw();
}

function space(rows) {
  const cell = make('td');
  cell.style.height = `${rows * ROW_PX}px`;
  return make('tr', { class: 'space', 'aria-hidden': 'true' }, cell);
}

function row(peer, index) {
  const line = make('tr', { 'aria-rowindex': index + 2 });
  for (const column of COLUMNS) {
    const text = column.text(peer);
    const kinds = [column.number && 'number', column.wide && 'wide', column.title === 'Handshake' && peer.why && 'bad'];
    const cell = make('td', { class: kinds.filter(Boolean).join(' '), title: column.title === 'Handshake' ? peer.why || text : text }, text);
    if (column.title === 'Handshake') ageCells.push([cell, peer]);
    line.append(cell);
  }
  return line;
}

// Ages grow. Nothing else is touched, so that a selection of text stays.
function growAges() {
  for (const [cell, peer] of ageCells) {
    const text = ageText(ageOf(peer));
    if (cell.textContent !== text) cell.textContent = text;
  }
}

// Only the rows in sight are in the document, so that 10,000 peers cost no more than 30.
function draw() {
  const scroll = byId('scroll');
  const first = Math.max(0, Math.floor(scroll.scrollTop / ROW_PX) - SPARE_ROWS);
  const end = Math.min(shown.length, first + Math.ceil(scroll.clientHeight / ROW_PX) + 2 * SPARE_ROWS);
  const wanted = `${first} ${end}`;
  if (wanted === drawn) return;
  drawn = wanted;
  ageCells = [];
  byId('rows').replaceChildren(space(first), ...shown.slice(first, end).map((peer, i) => row(peer, first + i)), space(shown.length - end));
}

function showHead() {
  byId('head').replaceChildren(...COLUMNS.map((column, index) => {
    const button = make('button', { type: 'button' }, column.title);
    button.addEventListener('click', () => sortBy(index));
    const order = index !== sorting.column ? 'none' : sorting.descending ? 'descending' : 'ascending';
    const kinds = [column.number && 'number', column.wide && 'wide'].filter(Boolean).join(' ');
    return make('th', { scope: 'col', class: kinds, 'aria-sort': order }, button);
  }));
}

// Numbers begin with the greatest, which is what people look for; a second click turns the order.
function sortBy(index) {
  const same = index === sorting.column;
  sorting = { column: index, descending: same ? !sorting.descending : Boolean(COLUMNS[index].number) && COLUMNS[index].title !== 'Handshake' };
  showHead();
  byId('head').children[index].firstChild.focus();
  byId('scroll').scrollTop = 0;
  arrange();
}

// ---- reading -----------------------------------------------------------------------------------------------------

const failures = new Map();
function showState() {
  const state = byId('state');
  const failed = [...failures.values()].find(Boolean);
  state.className = failed ? 'bad' : '';
  const text = failed ? `The exporter does not answer (${failed}). What is shown is old.` : 'Live';
  if (state.textContent !== text) state.textContent = text;
}

async function read(path, take) {
  try {
    const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    take(await answer.json());
    failures.set(path, '');
  } catch (error) {
    failures.set(path, error.message);
  }
  showState();
}

// One request at a time, and none while nobody looks.
async function follow(path, take, interval) {
  if (!document.hidden) await read(path, take);
  setTimeout(follow, interval, path, take, interval);
}

function onKey(event) {
  const filter = byId('filter');
  if (event.key === '/' && document.activeElement !== filter && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === 'Escape' && document.activeElement === filter) {
    filter.value = '';
    arrange();
  }
}

showHead();
byId('filter').addEventListener('input', () => { byId('scroll').scrollTop = 0; arrange(); });
byId('scroll').addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
window.addEventListener('resize', draw);
document.addEventListener('keydown', onKey);
setInterval(growAges, 1000);
follow('page/summary', showSummary, SUMMARY_MS);
follow('page/peers', takePeers, PEERS_MS);
