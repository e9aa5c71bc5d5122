// A real browser for the scenarios, which fails on what a user would not see: errors in its console, and requests that leave the node.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const PLACES = [process.env.MYCEL_TEST_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Time that a page may take for what it is waited for, in milliseconds. It is long because the tests’ machine is busy; MYCEL_TEST_PATIENCE_MS sets another for working on them. */
const PATIENCE = Number(process.env.MYCEL_TEST_PATIENCE_MS ?? 60_000);

export async function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("No Chromium is installed.");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** Opens a page of a node; `problems` collects what must not happen in it. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const problems = [];
  const { origin } = new URL(url);
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The browser itself writes a line for each status of 400 and more; which of them are right is for the scenario to say.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (/^https?:/.test(request.url()) && !request.url().startsWith(origin)) problems.push(`request to ${request.url()}`);
    if (/mycel-/.test(new URL(request.url(), origin).search)) problems.push(`a key in an address: ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, problems };
}

/** What an accessibility check finds that is serious. */
export async function accessibilityOf(page) {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") }).catch(() => null);
  const hasAxe = await page.evaluate(() => "axe" in window);
  if (!hasAxe) throw new Error("axe could not be put into the page");
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.help} (${violation.nodes.map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).slice(0, 3).join("; ")})`);
}

/** What a page shows, as a small picture (WebP): the browser itself packs it. */
export async function pictureOf(page) {
  const shot = (await page.screenshot()).toString("base64");
  const packed = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.75).split(",")[1];
  }, shot);
  return Buffer.from(packed, "base64");
}

export function check(condition, sentence) {
  if (!condition) throw new Error(sentence);
}
