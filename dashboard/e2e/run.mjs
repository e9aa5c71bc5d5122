// Runs one scenario against nodes that are there already: node run.mjs NAME URL [URL …]. Ends with 0 where everything was as it should be.
import { launch } from "./browser.mjs";
import * as scenarios from "./scenarios.mjs";

const [name, ...urls] = process.argv.slice(2);
const browser = await launch();
try {
  await scenarios[name](browser, ...urls);
  console.log(`${name}: as it should be`);
} catch (error) {
  console.error(error.stack);
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    console.error(`\n${page.url()} shows:\n${await page.locator("body").innerText().catch(() => "nothing")}`);
  }
  process.exitCode = 1;
} finally {
  await browser.close();
  // A scenario that failed leaves its device listening.
  process.exit();
}
