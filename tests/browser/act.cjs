// Acts on a saved page in headless Chromium and prints, as JSON, what each `read` found and what the page asked for.
// node act.cjs PAGE.html CHROMIUM FOLDER_OF_NODE_MODULES '{"steps": [["press", "Tab"], …], "width": 1280, …}'
const path = require("path");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

const [page_path, chromium_path, modules, told] = process.argv.slice(2);
const { chromium } = createRequire(path.join(path.resolve(modules), "package.json"))("playwright-core");
const { steps, width = 1280, height = 800, scheme = "light", script = true } = JSON.parse(told);
const address = pathToFileURL(path.resolve(page_path)).href;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_path, args: FLAGS });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, javaScriptEnabled: script });
  const page = await context.newPage();
  const report = { read: [], requests: [], console: [] };
  page.on("request", (r) => { if (r.url() !== address) report.requests.push(r.url()); });
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) report.console.push(m.text()); });
  page.on("pageerror", (e) => report.console.push(String(e)));
  await page.goto(address, { waitUntil: "load" });
  const acts = {
    press: (key) => page.keyboard.press(key),
    click: (selector) => page.locator(selector).first().click(),
    focus: (selector) => page.locator(selector).first().focus(),
    texts: async (selector) => { report.read.push(await page.locator(selector).allInnerTexts()); },
    read: async (expression) => { report.read.push(await page.evaluate(expression)); },
    media: (media) => page.emulateMedia({ media: media || null }),
    over: async (selector) => {
      const box = await page.locator(selector).first().boundingBox();
      await page.mouse.move(box.x + box.width / 2, Math.max(1, box.y) + 60);
    },
    wheel: async (by) => { await page.mouse.wheel(0, by); await page.waitForTimeout(150); },
    hold: (key) => page.keyboard.down(key),
    leave: (key) => page.keyboard.up(key),
    shot: (file) => page.screenshot({ path: file }),
  };
  for (const [act, what] of steps) await acts[act](what);
  await browser.close();
  console.log(JSON.stringify(report));
})().catch((error) => { console.error(error); process.exit(1); });
