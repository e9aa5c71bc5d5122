import { writeFileSync } from "node:fs";
import { accessibilityOf, check, open, pictureOf } from "./browser.mjs";
import { Device } from "./device.mjs";

const PAGES = ["/", "/welcome", "/models/all", "/models/local", "/models/hub", "/models/relay", "/chat", "/network/peers", "/network/networks", "/network/invites", "/network/fleet", "/requests", "/credits", "/logs", "/settings/configuration", "/settings/keys", "/settings/secrets"];

const quiet = (problems) => check(problems.length === 0, problems.join("\n"));

/** On an empty node: the first visit, a relay that goes offline and comes back, a chat with it, and its removal. */
export async function relay(browser, url) {
  const device = await new Device(["llama3.2", "all-minilm"]).start();
  const { page, problems } = await open(browser, url);
  await page.waitForURL("**/welcome");
  await page.getByLabel("Address").fill(device.url);
  await page.getByText("Name, key and limit").click();
  await page.getByLabel("Name", { exact: true }).fill("gpu-box");
  await page.getByRole("button", { name: "Add Relay" }).click();
  await page.getByText("gpu-box was added with 2 models.").waitFor();

  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await page.getByText(/All is well: 2 models can be used/).waitFor();
  await page.getByRole("img", { name: /gpu-box \(device/ }).waitFor();

  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByLabel("Model").selectOption("relay:gpu-box:llama3.2");
  await page.getByLabel("Message").fill("What is a mycelium?");
  await page.keyboard.press("Enter");
  await page.getByText(/Spores travel far, and every thread/).waitFor();
  await page.getByText(/by relay:gpu-box · 12 \+ \d+ tokens/).waitFor();

  await page.getByRole("link", { name: "Requests" }).click();
  await page.getByRole("region", { name: "Latest requests" }).getByText("relay:gpu-box").first().waitFor();

  await page.goto(`${url}/models/relay`);
  await device.stop();
  // Offline is who did not answer several times in a row.
  const offline = page.getByText("offline", { exact: true });
  while (!(await offline.isVisible())) await page.getByRole("button", { name: "Refresh gpu-box" }).click();
  await device.start();
  await page.getByRole("button", { name: "Refresh gpu-box" }).click();
  await page.getByText("online", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove gpu-box" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText(/No device yet/).waitFor();
  quiet(problems);
  await device.stop();
}

/** On an empty node: the demo model is loaded and talked to, an answer is stopped, the model is unloaded. */
export async function local(browser, url) {
  const { page, problems } = await open(browser, url);
  await page.getByRole("button", { name: "Try the demo model" }).click();
  await page.waitForURL("**/chat");
  await page.getByText("System prompt and sampling").click();
  await page.getByLabel("Most tokens").fill("24");
  await page.getByLabel("Message").fill("It is a truth universally acknowledged");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(/by local:tiny-austen · \d+ \+ \d+ tokens · .*free/).waitFor();
  await page.goto(`${url}/models/local`);
  await page.getByRole("heading", { name: "tiny-austen" }).waitFor();
  await page.getByText("loaded", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Unload" }).click();
  await page.getByRole("heading", { name: "tiny-austen" }).waitFor({ state: "detached" });
  quiet(problems);
}

/** A model is looked for on the hub, pulled with its progress to be seen, loaded after a look at its memory, talked to, and its file deleted. */
export async function hub(browser, url) {
  const { page, problems } = await open(browser, `${url}/models/hub`);
  await page.getByLabel("Search the hub").fill("something little");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: "Files of someone/something" }).click();
  await page.getByRole("button", { name: "Pull little.gguf" }).click();
  await page.getByText("pulling, see Local").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("tab", { name: "Local" }).click();
  await page.getByRole("button", { name: "Load …" }).click();
  await page.getByText(/^It fits: /).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Load", exact: true }).click();
  await page.getByText("loaded", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByLabel("Model").selectOption("local:little");
  await page.getByText("System prompt and sampling").click();
  await page.getByLabel("Most tokens").fill("8");
  await page.getByLabel("Message").fill("It is a truth universally acknowledged");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(/by local:little · \d+ \+ 8 tokens · .*cut off/).waitFor();
  await page.goto(`${url}/models/local`);
  await page.getByRole("button", { name: "Unload" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText(/No model is here yet/).waitFor();
  quiet(problems);
}

/** A request that takes long is seen while it runs, and cancelled from the page. */
export async function cancel(browser, url) {
  const device = await new Device(["slow"], { delayMs: 200, words: Array(3000).fill("and") }).start();
  await post(url, "/v1/node/relay/add", { url: device.url, name: "snail" });
  const { page, problems } = await open(browser, `${url}/requests`);
  const answer = fetch(`${url}/v1/chat/completions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ model: "relay:slow", stream: true, messages: [{ role: "user", content: "hi" }] }) }).then((reply) => reply.text());
  await page.getByRole("button", { name: /^Cancel / }).click();
  check((await answer).includes("ended this request"), "The caller was not told that its request was ended.");
  await page.getByText("Nothing runs now.").waitFor();
  quiet(problems);
  await device.stop();
}

/** One node founds a network and invites from its page, another joins from its own; credits move; the invite for a second guest is revoked. */
export async function network(browser, url, guest) {
  const device = await new Device(["paid-model"]).start();
  await post(url, "/v1/node/relay/add", { url: device.url, name: "box" });
  const host = await open(browser, `${url}/network/networks`);
  await host.page.getByLabel("Name", { exact: true }).fill("friends");
  await host.page.getByRole("button", { name: "Found" }).click();
  await host.page.getByRole("heading", { name: "friends" }).waitFor();
  await host.page.getByRole("tab", { name: "Invites" }).click();
  const token = await invite(host.page, "Ben");

  const other = await open(browser, `${guest}/network/networks`);
  await other.page.getByRole("textbox", { name: "Invite" }).fill(token);
  await other.page.getByRole("button", { name: "Join", exact: true }).click();
  await other.page.getByText("This node is in friends now.").waitFor();
  await other.page.getByRole("tab", { name: "Nodes" }).click();
  await other.page.getByText("paid-model").first().waitFor();

  // Both look at their credits while one asks the other, twice: from nothing, and from what there is then.
  await host.page.getByRole("link", { name: "Credits" }).click();
  const watch = await open(browser, `${guest}/credits`);
  let [earned, owed] = [await balanceOf(host.page), await balanceOf(watch.page)];
  check(earned === 0 && owed === 0, `The balances begin at ${earned} and ${owed}.`);
  await other.page.getByRole("link", { name: "Chat" }).click();
  await other.page.getByText("System prompt and sampling").click();
  await other.page.getByLabel("Most tokens").fill("40");
  for (let turn = 0; turn < 2; turn++) {
    await other.page.getByLabel("Message").fill("Hello");
    await other.page.getByRole("button", { name: "Send" }).click();
    await other.page.getByRole("button", { name: "receipt" }).nth(turn).waitFor();
    const cost = Number((await other.page.locator(".answer-footer").nth(turn).innerText()).match(/([\d.]+) credits/)[1]);
    check(cost > 0, "The answer cost nothing.");
    [earned, owed] = [earned + cost, owed - cost];
    await showsBalance(host.page, earned);
    await showsBalance(watch.page, owed);
  }

  await other.page.getByRole("button", { name: "receipt" }).first().click();
  await other.page.getByRole("button", { name: "Verify" }).click();
  await other.page.getByText(/^Verified: both sides signed/).waitFor();
  await other.page.getByText(/^The agreement: the node that asked signed/).waitFor();
  const saved = other.page.waitForEvent("download");
  await other.page.getByRole("button", { name: "Save" }).click();
  check(/^[0-9a-f]{32}\.receipt$/.test((await saved).suggestedFilename()), "The receipt is not saved under its id.");
  await other.page.getByRole("button", { name: "Close" }).click();

  await host.page.getByRole("region", { name: "Receipts" }).getByText("posted").nth(1).waitFor();
  await host.page.getByRole("button", { name: /^Verify the receipt/ }).first().click();
  await host.page.getByText(/^Verified: both sides signed/).waitFor();
  await host.page.keyboard.press("Escape");
  await host.page.getByRole("button", { name: "Check the books" }).click();
  await host.page.getByText(/entries are signed, and the sums are right/).waitFor();

  await host.page.goto(`${url}/network/invites`);
  const second = await invite(host.page, "Mallory");
  await host.page.getByRole("row", { name: /Mallory/ }).getByRole("button", { name: "Revoke" }).click();
  await host.page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await host.page.getByRole("row", { name: /Mallory/ }).getByText("revoked").waitFor();
  check(second !== token, "Two invites have one token.");
  quiet([...host.problems, ...watch.problems, ...other.problems]);
  await device.stop();
}

const balanceShown = (page) => page.locator(".stat").filter({ has: page.getByText("Balance", { exact: true }) }).locator(".value");

/** The balance that a page of credits shows, in credits. */
const balanceOf = async (page) => Number((await balanceShown(page).innerText()).replace("−", "-").replace(/ credits$/, ""));

/** Waits until a page of credits shows a balance, which it does by itself. */
async function showsBalance(page, credits) {
  const wanted = credits.toLocaleString("en", { maximumFractionDigits: 6 }).replace("-", "−");
  await balanceShown(page).filter({ hasText: new RegExp(`^${wanted.replace(".", "\\.")} credits$`) }).waitFor();
}

/**
 * The first frame is there before any script of the pages: in the colours chosen here, silent for screen readers, and where the pages then stand.
 * The pages take its place without a jump.
 */
export async function first(browser, url) {
  for (const options of [{}, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }]) {
    const { page, context, problems } = await open(browser, url, { ...options, colorScheme: "light" });
    await page.getByRole("button", { name: "Colours: system" }).click();
    await page.getByRole("button", { name: "Colours: light" }).click();
    let release;
    const released = new Promise((done) => (release = done));
    await page.route("**/assets/*.js", async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(`${url}/requests`, { waitUntil: "commit" });
    const frame = page.locator("#root > .shell[inert]");
    await frame.getByText("Requests").waitFor();
    const before = await placesOf(page);
    const { nodes } = await (await context.newCDPSession(page)).send("Accessibility.getFullAXTree");
    const heard = nodes.filter((node) => !node.ignored && !["RootWebArea", "generic"].includes(node.role.value));
    check(heard.length === 0, `A screen reader is told of the first frame: ${heard.map((node) => `${node.role.value} ${node.name?.value}`).join(", ")}`);
    check(before.background === "rgb(16, 21, 18)", `The first frame is not in the dark colours that were chosen, but ${before.background}.`);
    release();
    await page.getByRole("heading", { name: "Requests" }).waitFor();
    await frame.waitFor({ state: "detached" });
    const after = await placesOf(page);
    check(JSON.stringify(before) === JSON.stringify(after), `The frame jumps: ${JSON.stringify(before)} and then ${JSON.stringify(after)}`);
    quiet(problems);
    await context.close();
  }
}

/** Where the parts of the frame stand, and in which colour. */
const placesOf = (page) =>
  page.evaluate(() => ({
    background: getComputedStyle(document.body).backgroundColor,
    places: [...document.querySelectorAll("nav, .brand strong, nav li a, main")].map((element) => {
      const { x, y, width } = element.getBoundingClientRect();
      return [element.tagName, element.getAttribute("href"), x, y, width].join(" ");
    }),
  }));

/** A node that needs a key: refused without, with a wrong one and with one for models only; let in with one of its owner's; and logged. */
export async function keys(browser, url, owner, guest) {
  const { page, problems } = await open(browser, `${url}/settings/keys`);
  const enter = async (secret) => {
    await page.getByLabel("Key").fill(secret);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await enter("mycel-wrong");
  await page.getByText("This API key is not known here, or was revoked.").waitFor();
  await enter(guest);
  await page.getByText(/This key may use models only/).waitFor();
  await enter(owner);
  await page.getByRole("region", { name: "Keys" }).waitFor();
  await page.reload();
  await page.getByRole("region", { name: "Keys" }).waitFor();
  await page.getByRole("tab", { name: "Secrets" }).click();
  await page.getByLabel("Name").fill("cloud");
  await page.getByLabel("Value").fill("not-to-be-seen");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByRole("row", { name: /cloud/ }).waitFor();
  check(!(await page.content()).includes("not-to-be-seen"), "A secret's value is on the page.");
  await page.getByRole("link", { name: "Logs" }).click();
  await page.getByLabel("Level").selectOption("warn");
  await page.getByText(/refused a caller/).first().waitFor();
  await page.getByLabel("Search").fill("nothing has these words");
  await page.getByText("No entry has all of these words.").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to this node" }).waitFor();
  quiet(problems);
}

/**
 * Every page, light, dark and on a phone: nothing in the console, no serious finding of the accessibility check, nothing wider than a phone.
 * With a folder it leaves a picture of each there.
 */
export async function look(browser, url, pictures) {
  const views = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ];
  const found = [];
  for (const [view, options] of views) {
    // The check itself is put into the page, which the content policy rightly forbids.
    const { page, context, problems } = await open(browser, url, { ...options, bypassCSP: true });
    for (const path of PAGES) {
      await page.goto(url + path);
      await page.locator(".dot.live").waitFor();
      await page.locator("h1").waitFor();
      // Live news never end, so pictures wait a while for all of it; the check needs what is there at once.
      await page.waitForTimeout(pictures ? 1000 : 100);
      // The phone shows the same parts in the same colours.
      if (view !== "phone") found.push(...(await accessibilityOf(page)).map((finding) => `${view} ${path} ${finding}`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${view} ${path} is ${wide} px wider than the screen`);
      if (pictures) {
        if (path === "/chat") await askSomething(page);
        writeFileSync(`${pictures}/${path === "/" ? "overview" : path.slice(1).replace("/", "-")}-${view}.webp`, await pictureOf(page));
      }
    }
    found.push(...problems.map((problem) => `${view} ${problem}`));
    await context.close();
  }
  check(found.length === 0, found.join("\n"));
}

async function askSomething(page) {
  if ((await page.getByLabel("Model").inputValue()) === "") return;
  await page.getByLabel("Model").selectOption({ index: 0 });
  await page.getByLabel("Message").fill("What is a mycelium?");
  await page.keyboard.press("Enter");
  await page.locator(".answer-footer").waitFor();
}

/** Makes an invite and returns its token, as the page shows it. */
async function invite(page, label) {
  await page.getByLabel("For whom").fill(label);
  await page.getByRole("button", { name: "Create invite" }).click();
  await page.getByRole("img", { name: "The invite as a QR code" }).waitFor();
  const token = await page.getByRole("dialog").locator("code").textContent();
  await page.getByRole("button", { name: "Done" }).click();
  return token;
}

async function post(url, path, body) {
  const reply = await fetch(url + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path} was answered ${reply.status}: ${await reply.text()}`);
}

/** By keyboard alone: every stop can be seen, tabs go by arrows, a dialog keeps the focus, Escape ends it, and the focus is where it was before. */
export async function keyboard(browser, url) {
  const { page, problems } = await open(browser, `${url}/models/relay`);
  await page.getByRole("tab", { name: "Relay Device" }).waitFor();
  const at = () => page.evaluate(() => `${document.activeElement.textContent.trim() || document.activeElement.getAttribute("aria-label") || document.activeElement.id}`);
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      if ((await at()) === name) return;
    }
    throw new Error(`No press of Tab leads to ${name}.`);
  };

  // The first stop leads past the list of pages.
  await page.keyboard.press("Tab");
  check((await at()) === "Skip to the content", `The first stop is ${await at()}.`);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  check((await at()) === "Relay Device", `After the content was skipped to, the next stop is ${await at()}.`);
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL("**/models/hub");
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL("**/models/local");

  for (const path of PAGES) {
    await page.goto(url + path);
    await page.locator(".dot.live").waitFor();
    await page.locator("h1").waitFor();
    await page.locator(".skeleton").waitFor({ state: "detached" });
    const unseen = await unseenStops(page);
    check(unseen.length === 0, `On ${path} the focus is not to be seen on: ${unseen.join(", ")}`);
  }

  // Through the list of pages to one that is founded in, and to a dialog in it.
  await page.goto(`${url}/network/networks`);
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type("friends");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "friends" }).waitFor();
  await tabTo("Leave");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  for (let presses = 0; presses < 6; presses++) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement === document.body || document.querySelector("dialog[open]").contains(document.activeElement));
    check(inside, `The focus left the dialog for ${await at()}.`);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  check((await at()) === "Leave", `After the dialog the focus is on ${await at()}.`);
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  check((await at()) === "Keep it", `The dialog begins at ${await at()}, where Enter must do no harm.`);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  check((await at()) === "Leave", `After the dialog the focus is on ${await at()}.`);
  quiet(problems);
}

/** Goes through the page by Tab and names each stop that looks the same with the focus as without, or lies outside of what can be seen. */
async function unseenStops(page) {
  const unseen = [];
  await page.evaluate(() => document.activeElement?.blur());
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const again = element.dataset.walked !== undefined;
      element.dataset.walked = "";
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { width, height, top, bottom } = element.getBoundingClientRect();
      return { again, name: element.textContent.trim().slice(0, 40) || element.id, seen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && width > 0 && height > 0 && bottom > 0 && top < innerHeight };
    });
    if (stop === null || stop.again) return unseen;
    if (!stop.seen) unseen.push(stop.name);
  }
  return unseen;
}
