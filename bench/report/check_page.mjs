// check_page.mjs PAGE [FOLDER]: opens the report in Chromium as a phone, a desktop and a printer see it, light and dark.
// Fails on a console message, a request, text wider than the screen, or text without contrast. FOLDER: where the
// pictures go. `./dev bench report --check` installs playwright-core and calls this.
import { chromium } from 'playwright-core';
import { mkdirSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [page, folder] = process.argv.slice(2);
const address = pathToFileURL(realpathSync(page)).href;
const faults = [];
const views = [
  { name: 'phone', viewport: { width: 360, height: 740 } },
  { name: 'desktop', viewport: { width: 1280, height: 800 } },
];
if (folder) mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const view of views) {
    for (const colorScheme of ['light', 'dark']) {
      const name = `${view.name}-${colorScheme}`;
      const tab = await browser.newPage({ viewport: view.viewport, colorScheme });
      tab.on('console', (message) => faults.push(`${name}: console: ${message.text()}`));
      tab.on('pageerror', (error) => faults.push(`${name}: ${error}`));
      tab.on('request', (request) => {
        if (request.url() !== address && !request.url().startsWith('data:')) faults.push(`${name}: loads ${request.url()}`);
      });
      await tab.goto(address);
      const seen = await tab.evaluate(() => {
        const style = getComputedStyle(document.body);
        const smallest = Math.min(...[...document.querySelectorAll('svg text')].map((text) => text.getBoundingClientRect().height));
        return { wide: document.documentElement.scrollWidth - innerWidth, ink: style.color, paper: style.backgroundColor, smallest };
      });
      if (seen.wide > 0) faults.push(`${name}: ${seen.wide} pixels wider than the screen`);
      if (seen.ink === seen.paper) faults.push(`${name}: text has the colour of the page`);
      if (seen.smallest < 8) faults.push(`${name}: text of ${seen.smallest} pixels in a chart`);
      if (folder) await tab.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
      if (view.name === 'desktop' && colorScheme === 'light') {
        const print = await tab.pdf({ format: 'A4', ...(folder ? { path: `${folder}/print.pdf` } : {}) });
        if (print.length < 5000) faults.push('print: an empty page');
      }
      await tab.close();
    }
  }
} finally {
  await browser.close();
}
for (const fault of faults) console.error(`FAIL: ${fault}`);
if (faults.length === 0) console.log(`ok: ${page}: no console message, nothing loaded, fits a phone, light, dark and in print`);
process.exitCode = faults.length === 0 ? 0 : 1;
