// The browser's side of page.sh: node page.mjs ADDRESS. It prints `ok: ...` lines and ends with 1 at the first failure.
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const { chromium } = createRequire(import.meta.url)(process.env.PLAYWRIGHT);
const address = process.argv[2];
const patience = Number(process.env.PATIENCE_MS);
const count = Number(process.env.PEERS);
const counted = count.toLocaleString('en');

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
context.setDefaultTimeout(patience);
const page = await context.newPage();
const troubles = [];
page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) troubles.push(message.text()); });
page.on('pageerror', (error) => troubles.push(String(error)));
page.on('request', (request) => { if (!request.url().startsWith(address) && !request.url().startsWith('data:')) troubles.push(request.url()); });

function check(what, holds, seen = '') {
  if (!holds) throw new Error(`${what}${seen === '' ? '' : `: ${JSON.stringify(seen)}`}`);
  console.log(`ok: ${what}`);
}
const text = (selector) => page.locator(selector).first().innerText();
const firstName = () => text('#rows tr:not(.space) td');
async function until(what, holds, argument) {
  await page.waitForFunction(holds, argument, { timeout: patience, polling: 50 });
  console.log(`ok: ${what}`);
}
async function shot(name) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}
const contrast = () => page.evaluate(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/\d+/g).map((part) => { const v = part / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const body = getComputedStyle(document.body);
  const ground = light(body.backgroundColor);
  return ['body', 'header p', '.facts', '.received', '.sent', 'dd', '.hint'].map((selector) => {
    const element = document.querySelector(selector);
    if (!element) return [selector, 99];
    const color = light(getComputedStyle(element).color);
    return [selector, (Math.max(ground, color) + 0.05) / (Math.min(ground, color) + 0.05)];
  });
});

async function renders() {
  const response = await page.goto(address);
  const policy = response.headers()['content-security-policy'] || '';
  check('it has a strict policy', policy.startsWith("default-src 'none'") && !policy.includes('unsafe'), policy);
  await until('every peer is there', (wanted) => document.getElementById('count').value === `${wanted} of ${wanted}`, counted);
  await page.locator('.interface').waitFor();
  check('its interface is ready', (await text('.interface .title')).includes('ready'), await text('.interface .title'));
  check('with its peers', (await text('.interface .facts')).includes(`${counted} peers`));
  await until('the plot has a line', () => document.querySelector('path.received')?.getAttribute('d').includes('L'));
  check('each worker has its load', await page.locator('.worker meter').count() >= 1);
  check('few rows are in the document', await page.locator('#rows tr').count() < 100, await page.locator('#rows tr').count());
  check('a name is text and no markup', await page.locator('#rows b').count() === 0);
}

async function moves() {
  await page.fill('#filter', 'real');
  const received = await text('#rows tr:not(.space) td:nth-child(6)');
  await until('a peer\'s bytes grow', (before) => document.querySelector('#rows tr:not(.space) td:nth-child(6)')?.textContent !== before, received);
  await until('it shows what flows now', () => /[1-9]/.test(document.querySelector('#rows tr:not(.space) td:nth-child(8)')?.textContent || ''));
  await until('the plot moves', (before) => document.querySelector('path.received').getAttribute('d') !== before,
    await page.locator('path.received').getAttribute('d'));
  await page.fill('#filter', '');
}

// The time from an input to the rows that belong to it, in the browser's own words.
const timed = (act) => page.evaluate(async (what) => {
  const begin = performance.now();
  if (what.type) {
    const filter = document.getElementById('filter');
    filter.value = what.type;
    filter.dispatchEvent(new Event('input'));
  } else {
    document.querySelectorAll('#head button')[what.sort].click();
  }
  document.getElementById('rows').getBoundingClientRect();
  return performance.now() - begin;
}, act);

async function isFluent() {
  const limit = 200;
  for (const [what, act] of [['sorts by name', { sort: 0 }], ['sorts by bytes', { sort: 5 }], ['filters', { type: 'p0' }], ['filters to one', { type: 'p09999' }]]) {
    const took = Math.min(await timed(act), await timed(act));
    check(`it ${what} in ${Math.round(took)} ms (${limit} at most)`, took < limit, took);
  }
  check('the filter finds the one', (await firstName()) === 'p09999', await firstName());
  const said = await page.evaluate(() => document.getElementById('count').value);
  check('and says so', said === `1 of ${counted}`, said);
}

async function keyboard() {
  await page.locator('body').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('/');
  check('/ goes to the filter', await page.evaluate(() => document.activeElement.id === 'filter'));
  await page.keyboard.press('Escape');
  await until('Escape clears it', (wanted) => document.getElementById('count').value === `${wanted} of ${wanted}`, counted);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  check('Tab reaches the columns', (await page.evaluate(() => document.activeElement.textContent)) === 'Name', await page.evaluate(() => document.activeElement.outerHTML));
  await page.keyboard.press('Enter');
  check('Enter sorts', (await page.locator('th').first().getAttribute('aria-sort')) === 'ascending', await page.locator('th').first().getAttribute('aria-sort'));
  check('by name', (await firstName()) === 'p00001', await firstName());
  await page.keyboard.press('Enter');
  check('Enter again turns the order', (await page.locator('th').first().getAttribute('aria-sort')) === 'descending');
  await page.locator('#scroll').focus();
  await page.keyboard.press('End');
  await until('End goes to the last peer', () => [...document.querySelectorAll('#rows tr:not(.space)')].at(-1)?.firstChild.textContent === 'p00001');
}

async function looks() {
  await page.emulateMedia({ colorScheme: 'light' });
  await shot('light');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  check('light is readable', (await contrast()).every((one) => one[1] >= 4.5), await contrast());
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot('dark');
  check('dark is another ground', (await ground()) !== light);
  check('and readable', (await contrast()).every((one) => one[1] >= 4.5), await contrast());
  await page.setViewportSize({ width: 360, height: 740 });
  await shot('phone');
  check('a phone need not scroll sideways', await page.evaluate(() => document.documentElement.scrollWidth <= 360), await page.evaluate(() => document.documentElement.scrollWidth));
  check('and shows names and handshakes', await page.evaluate(() => [...document.querySelectorAll('th')].filter((th) => th.offsetWidth > 0).map((th) => th.textContent).join() === 'Name,Handshake,Received'));
  check('in the width that there is', await page.evaluate(() => document.getElementById('table').offsetWidth > 320 &&
    [...document.querySelectorAll('th')].filter((th) => th.offsetWidth > 0).every((th) => th.offsetWidth > 90)));
}

async function defends() {
  const other = await context.newPage();
  await other.goto(address);
  await other.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.broken = true';
    document.head.append(script);
  });
  check('another script does not run', await other.evaluate(() => window.broken === undefined));
  await other.close();
}

try {
  await renders();
  await moves();
  await isFluent();
  await keyboard();
  await looks();
  check('the console is empty, and nothing was fetched from elsewhere', troubles.length === 0, troubles);
  await defends();
  process.kill(Number(process.env.EXPORTER), 'SIGTERM');
  await until('it says when the exporter is gone', () => document.getElementById('state').textContent.includes('does not answer'));
} catch (error) {
  await shot('failed');
  console.error(`FAIL: ${error.message}`, troubles);
  process.exitCode = 1;
} finally {
  await browser.close();
}
