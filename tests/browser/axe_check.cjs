// Opens a saved page in headless Chromium and prints, as JSON, what is wrong with it.
// node axe_check.cjs PAGE.html CHROMIUM FOLDER_OF_NODE_MODULES [FOLDER_FOR_SCREENSHOTS]
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

const [page_path, chromium_path, modules, shots] = process.argv.slice(2);
const from = createRequire(path.join(path.resolve(modules), "package.json"));
const { chromium } = from("playwright-core");
const axe_source = fs.readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
const address = pathToFileURL(path.resolve(page_path)).href;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const summary = (results) => results.map((r) => ({
  id: r.id, impact: r.impact, help: r.help,
  nodes: r.nodes.slice(0, 5).map((n) => ({ target: n.target.join(" "), why: n.failureSummary })),
  count: r.nodes.length,
}));

// Elements that stick out of the window and aren't inside a box that scrolls by itself.
const sticking_out = () => {
  const scrolls = (e) => {
    for (let up = e.parentElement; up; up = up.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(up).overflowX)) return true;
    }
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(e))
    .slice(0, 5).map((e) => e.tagName.toLowerCase() + (e.className.baseVal ?? "." + e.className));
};

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_path, args: FLAGS });
  const report = { violations: [], incomplete: [], requests: [], console: [], widths: [], print: {} };
  for (const scheme of ["light", "dark"]) {
    for (const width of [320, 768, 1280]) {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
      const page = await context.newPage();
      page.on("request", (r) => { if (r.url() !== address) report.requests.push(r.url()); });
      page.on("console", (m) => { if (["error", "warning"].includes(m.type())) report.console.push(m.text()); });
      page.on("pageerror", (e) => report.console.push(String(e)));
      await page.goto(address, { waitUntil: "load" });
      await page.evaluate(axe_source);
      const result = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), TAGS);
      for (const kind of ["violations", "incomplete"]) {
        report[kind].push(...summary(result[kind]).map((v) => ({ scheme, width, ...v })));
      }
      const size = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth, window: innerWidth,
        height: document.documentElement.scrollHeight,
        smallest_svg_text: Math.min(Infinity, ...[...document.querySelectorAll("svg text")]
          .filter((t) => t.getClientRects().length).map((t) => {
            const scale = t.ownerSVGElement.getBoundingClientRect().width / t.ownerSVGElement.viewBox.baseVal.width;
            return parseFloat(getComputedStyle(t).fontSize) * scale;
          })),
        text_outside_svg: [...document.querySelectorAll("svg text")].filter((t) => {
          const box = t.getBoundingClientRect(), svg = t.ownerSVGElement.getBoundingClientRect();
          return box.width && (box.left < svg.left - 1 || box.right > svg.right + 1 ||
            box.top < svg.top - 1 || box.bottom > svg.bottom + 1);
        }).map((t) => t.textContent),
      }));
      report.widths.push({ scheme, width, ...size, sticking_out: await page.evaluate(sticking_out) });
      if (shots) await page.screenshot({ path: path.join(shots, `${scheme}-${width}.png`), fullPage: true });
      await context.close();
    }
  }
  const page = await browser.newPage({ viewport: { width: 680, height: 900 }, colorScheme: "dark" });
  await page.goto(address, { waitUntil: "load" });
  await page.emulateMedia({ media: "print" });
  report.print = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth, window: innerWidth,
    contents_shown: [...document.querySelectorAll("nav")].some((e) => e.getClientRects().length > 0),
    background: getComputedStyle(document.body).backgroundColor,
    narrow_shown: [...document.querySelectorAll(".narrow")].some((e) => e.getClientRects().length > 0),
  }));
  for (const format of ["A4", "Letter"]) {
    const pdf = await page.pdf({ format, printBackground: true });
    report.print[format] = (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) || []).length;
    if (shots) fs.writeFileSync(path.join(shots, `${format}.pdf`), pdf);
  }
  await browser.close();
  console.log(JSON.stringify(report));
})().catch((error) => { console.error(error); process.exit(1); });
