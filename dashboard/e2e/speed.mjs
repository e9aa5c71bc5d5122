// How soon the overview is there, with an empty cache: node speed.mjs URL KEY LOADS. Prints JSON; given "stay" as LOADS, keeps the page open and live until its input ends.
import { launch } from "./browser.mjs";

const [url, key, loads] = process.argv.slice(2);
const browser = await launch();

async function load() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  await context.addInitScript((secret) => sessionStorage.setItem("mycel.key", secret), key);
  const page = await context.newPage();
  const began = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.locator(".dot.live").waitFor();
  const usable = performance.now() - began;
  // The charts come after the rest, and belong to what the first load takes.
  await page.locator(".chart canvas").first().waitFor();
  const seen = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
    bytes: [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")].reduce((sum, entry) => sum + entry.transferSize, 0),
  }));
  return { context, page, figures: { ...seen, usable } };
}

if (loads === "stay") {
  const { page } = await load();
  console.log("open");
  await new Promise((done) => process.stdin.resume().on("end", done));
  console.log(JSON.stringify({ live: await page.locator(".dot.live").count() > 0 }));
} else {
  const all = [];
  for (let i = 0; i < Number(loads); i++) {
    const { context, figures } = await load();
    all.push(figures);
    await context.close();
  }
  console.log(JSON.stringify(all));
}
await browser.close();
process.exit();
