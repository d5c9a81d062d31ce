// Pictures of each SVG of a page with its text in black, in white and left out, and where the text stands.
// node contrast.cjs PAGE.html CHROMIUM FOLDER_OF_NODE_MODULES FOLDER_FOR_PICTURES WIDTH SCHEME
const path = require("path");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

const [page_path, chromium_path, modules, folder, width, scheme] = process.argv.slice(2);
const { chromium } = createRequire(path.join(path.resolve(modules), "package.json"))("playwright-core");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// The halo of a text is its stroke, drawn before the fill: it stays, for it lies behind the letters.
const painted = (colour) => `svg text, svg tspan { fill: ${colour} !important; }`;

const texts_of = (svg) => {
  const origin = svg.getBoundingClientRect();
  const seen = (e) => { // the part of its colour that is not let through
    let part = parseFloat(getComputedStyle(e).fillOpacity);
    for (let up = e; up !== svg.parentElement; up = up.parentElement) part *= parseFloat(getComputedStyle(up).opacity);
    return part;
  };
  return [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim() && t.getClientRects().length).map((t) => {
    const box = t.getBoundingClientRect(), style = getComputedStyle(t);
    const scale = origin.width / svg.viewBox.baseVal.width;
    return {
      text: t.textContent, fill: style.fill, seen: seen(t), bold: parseInt(style.fontWeight) >= 600,
      size: parseFloat(style.fontSize) * scale,
      box: [box.left - origin.left, box.top - origin.top, box.right - origin.left, box.bottom - origin.top],
    };
  });
};

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_path, args: FLAGS });
  const page = await browser.newPage({ viewport: { width: Number(width), height: 900 }, colorScheme: scheme });
  await page.goto(pathToFileURL(path.resolve(page_path)).href, { waitUntil: "load" });
  await page.addStyleTag({ content: ".zoom { display: none !important; }" }); // it would lie over a picture scrolled under it
  const found = [];
  for (const [k, svg] of (await page.locator("svg:visible").all()).entries()) {
    // the whole of a wide map, not what its frame shows of it
    await svg.evaluate((e) => {
      const frame = e.closest(".scroll");
      if (frame) Object.assign(frame.style, { overflow: "visible", containerType: "normal", width: "max-content" });
    });
    const texts = await svg.evaluate(texts_of);
    const files = [];
    for (const colour of ["black", "white", "transparent"]) {
      files.push(path.join(folder, `${scheme}-${width}-${k}-${colour}.png`));
      const style = await page.addStyleTag({ content: painted(colour) });
      await svg.screenshot({ path: files.at(-1) });
      await style.evaluate((e) => e.remove());
    }
    found.push({ files, texts });
  }
  await browser.close();
  console.log(JSON.stringify(found));
})().catch((error) => { console.error(error); process.exit(1); });
