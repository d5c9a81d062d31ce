// Opens a notebook in a real JupyterLab, runs it, uses the live map, and tells what the page and the kernel did.
// node jupyter_check.cjs ADDRESS CHROMIUM FOLDER_OF_NODE_MODULES [FOLDER_FOR_SCREENSHOTS]
const path = require("path");
const { createRequire } = require("module");

const [address, chromium_path, modules, shots] = process.argv.slice(2);
const from = createRequire(path.join(path.resolve(modules), "package.json"));
const { chromium } = from("playwright-core");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_path, args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const report = { errors: [] };
  page.on("pageerror", (e) => report.errors.push(String(e)));
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.locator(".jp-Notebook .jp-Cell").first().waitFor({ timeout: 90000 });
  // a cell that is run before its kernel is ready is forgotten
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first().waitFor({ state: "attached", timeout: 90000 });
  const map = page.locator(".streamline-explorer");
  const prompt = page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt").first();
  for (let tries = 0; tries < 12 && !/\[[*\d]+\]/.test(await prompt.textContent()); tries += 1) {
    await page.locator(".jp-Notebook .jp-Cell .cm-content").first().click();
    await page.keyboard.press("Shift+Enter");
    await page.waitForTimeout(2500);
  }
  try {
    await map.waitFor({ timeout: 60000 });
  } catch (error) {
    if (shots) await page.screenshot({ path: path.join(shots, "failed.png") });
    throw new Error(`no live map; the page says: ${(await page.locator(".jp-Notebook").innerText()).slice(0, 1500)}`);
  }
  report.buttons = await map.locator('.sx-map [role="button"]').count();
  await map.locator('.sx-map [role="button"][tabindex="0"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await map.locator(".sx-chosen code").waitFor({ timeout: 60000 });
  report.chosen = await map.locator(".sx-chosen").textContent();
  await map.locator('input[type="range"]').first().focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((n) => document.querySelectorAll('.sx-map [role="button"]').length !== n, report.buttons, { timeout: 60000 });
  report.fewer = await map.locator('.sx-map [role="button"]').count();
  await map.locator("button", { hasText: "Load the replay" }).click();
  await map.locator("circle").first().waitFor({ state: "attached", timeout: 60000 });
  report.dots = await map.locator("circle").count();
  if (shots) await page.screenshot({ path: path.join(shots, "jupyter.png") });
  // the next cell asks the kernel what the click chose
  await page.locator(".jp-Notebook .jp-Cell .cm-content").nth(1).click();
  await page.keyboard.press("Shift+Enter");
  const said = page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea-output");
  await said.first().waitFor({ timeout: 60000 });
  report.kernel = (await said.first().textContent()).trim();
  await browser.close();
  console.log(JSON.stringify(report));
})().catch((error) => { console.error(error); process.exit(1); });
