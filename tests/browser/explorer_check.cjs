// Runs the live map's own module in headless Chromium, on a model that answers as Python answered, and tells what it did.
// node explorer_check.cjs CASE.json CHROMIUM FOLDER_OF_NODE_MODULES [FOLDER_FOR_SCREENSHOTS]
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const [given, chromium_path, modules, shots] = process.argv.slice(2);
const from = createRequire(path.join(path.resolve(modules), "package.json"));
const { chromium } = from("playwright-core");
const axe_source = fs.readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
const { module: source, css, traits, answers } = JSON.parse(fs.readFileSync(given, "utf8"));
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// The model of the front end: get, set, save_changes, on and off, as anywidget gives it; answers come a moment later.
const start = async ({ source, css, traits, answers }) => {
  const heard = {};
  const asked = [];
  const questions = { asked_map: "map", asked_cases: "selected", asked_replay: "replay", asked_answer: "answer" };
  let changed = [];
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; changed.push(name); },
    on: (event, call) => { (heard[event] ??= []).push(call); },
    off: (event, call) => { heard[event] = (heard[event] || []).filter((c) => c !== call); },
    save_changes: () => {
      for (const name of changed) {
        const { number, ...question } = traits[name];
        asked.push([name, question]);
        const found = answers[name][JSON.stringify(question)] || { problem: `not answered: ${JSON.stringify(question)}` };
        setTimeout(() => {
          traits[questions[name]] = { ...found, number };
          (heard[`change:${questions[name]}`] || []).forEach((call) => call());
        }, 20);
      }
      changed = [];
    },
  };
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const esm = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.asked = asked;
  window.heard = heard;
  window.again = () => esm.default.render({ model, el: document.querySelector("#second") });
  window.end = esm.default.render({ model, el: document.querySelector("#first") });
};

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_path, args: FLAGS });
  const report = { console: [], axe: {} };
  const open = async (options) => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
    const page = await context.newPage();
    page.on("console", (m) => { if (["error", "warning"].includes(m.type())) report.console.push(m.text()); });
    page.on("pageerror", (e) => report.console.push(String(e)));
    await page.setContent('<!doctype html><html lang="en"><head><title>Live map</title></head><body><main><h1>Live map</h1>' +
      '<div id="first"></div><div id="second"></div></main></body></html>');
    await page.evaluate(start, { source, css, traits, answers });
    return page;
  };
  const axe = async (page, name) => {
    await page.evaluate(axe_source);
    const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
    report.axe[name] = found.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160)), count: v.nodes.length }));
    if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
  };
  const count = (page, what) => page.locator(`#first ${what}`).count();
  const last = (page) => page.evaluate(() => window.asked.at(-1));
  const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);
  const status = (page) => page.locator("#first .sx-status").textContent();
  const settle = (page) => page.waitForTimeout(120);

  const page = await open({ reducedMotion: "no-preference" });
  report.buttons = await count(page, '.sx-map [role="button"]');
  report.hostile = await page.evaluate(() => [window.hostile === undefined, document.querySelectorAll("#first script").length]);
  await axe(page, "map");

  // a click on an arrow's label opens its cases; so does one on a box
  await page.locator('#first .sx-map [role="button"]').nth(1).click({ force: true });
  await settle(page);
  report.click = { asked: await last(page), said: await page.locator("#first .sx-chosen").textContent(),
    pressed: await count(page, '[aria-pressed="true"]') };
  await axe(page, "chosen");

  // the keyboard: one stop, arrows walk, Enter opens
  await page.locator('#first .sx-map [role="button"][tabindex="0"]').focus();
  await page.keyboard.press("Home");
  report.home = await focused(page);
  await page.keyboard.press("ArrowDown");
  report.down = await focused(page);
  report.stops = await count(page, '.sx-map [tabindex="0"]');
  await page.keyboard.press("Enter");
  await settle(page);
  report.enter = { asked: await last(page), said: await page.locator("#first .sx-chosen").textContent() };

  // the slider of activities, by keyboard; Python lays the map out again
  const activities = page.locator('#first input[type="range"]').first();
  await activities.focus();
  await page.keyboard.press("ArrowLeft");
  report.working = await status(page);
  await settle(page);
  report.fewer = { asked: await last(page), buttons: await count(page, '.sx-map [role="button"]'), status: await status(page) };

  // the replay: load, a day on, play, pause, the time by keyboard
  const button = (said) => page.locator("#first button", { hasText: new RegExp(`^${said}$`) });
  report.before_load = await button("Play").isDisabled();
  await button("Load the replay").click();
  await settle(page);
  report.replay = { asked: await last(page), dots: await count(page, "circle") };
  await button("A day on").click();
  await button("A day on").click();
  report.two_days = { dots: await count(page, "circle"), said: await page.locator("#first fieldset .sx-note").first().textContent() };
  const places = () => page.evaluate(() => [...document.querySelectorAll("#first circle")].map((c) => c.getAttribute("cx") + c.getAttribute("cy")).join());
  const was = await places();
  await page.waitForTimeout(300);
  report.still_by_itself = was === await places();
  await button("Play").click();
  await page.waitForTimeout(600);
  await button("Pause").click();
  const now = await places();
  await page.waitForTimeout(300);
  report.moved = now !== was;
  report.paused = now === await places();
  const time = page.locator("#first fieldset").first().locator("input[type=range]");
  const text = await time.getAttribute("aria-valuetext");
  await time.focus();
  await page.keyboard.press("ArrowRight");
  report.time = [text, await time.getAttribute("aria-valuetext")];
  await axe(page, "replay");

  // what if: the tab by keyboard, a slider, the interval
  await page.locator('#first [role="tab"]').first().focus();
  await page.keyboard.press("ArrowRight");
  report.tab = { focused: await focused(page), hidden: await page.locator('#first [role="tabpanel"]').first().isHidden() };
  await button("Estimate as set").click();
  await settle(page);
  report.as_proposed = { asked: await last(page), table: await page.locator("#first table").innerText() };
  const size = page.locator('#first [role="tabpanel"]:not([hidden]) input[type=range]').first();
  await size.focus();
  await page.keyboard.press("ArrowRight");
  await settle(page);
  report.moved_size = { asked: await last(page), notes: await page.locator("#first ul").innerText() };
  await axe(page, "what-if");

  // shown twice, narrow, and taken away
  await page.evaluate(() => window.again());
  report.ids = await page.evaluate(() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id); return [ids.length, new Set(ids).size]; });
  await page.setViewportSize({ width: 320, height: 800 });
  report.narrow = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  await axe(page, "twice-and-narrow");
  await page.evaluate(() => window.end());
  report.ended = await count(page, "*");

  // less motion: no play, steps of a day instead
  const calm = await open({ reducedMotion: "reduce" });
  await calm.locator("#first button", { hasText: "Load the replay" }).click();
  await calm.waitForTimeout(120);
  await calm.locator("#first button", { hasText: "A day on" }).click();
  report.calm = { play: await calm.locator("#first button", { hasText: /^Play$/ }).isDisabled(), dots: await calm.locator("#first circle").count() };

  await browser.close();
  console.log(JSON.stringify(report));
})().catch((error) => { console.error(error); process.exit(1); });
