// Drives a report as a reader would. Arguments: program, folder of test data, working folder, and
// optionally a report that was made elsewhere, which is looked at only.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [program, data, work, given] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const input = join(data, "input.jsonl");
const report = given || join(work, "report.html");
if (!given) {
  execFileSync(program, ["clean", input, "-o", join(work, "out.jsonl"), "--removed", join(work, "removed.jsonl"), "--report", report, "-q"]);
}
const SECTIONS = ["removed", "paragraphs", "sites", "risky", "templates", "document", "sample"];
const VIEWS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
];
const profile = mkdtempSync(join(tmpdir(), "dechaff-chromium-"));
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let failures = 0;

for (const view of VIEWS) {
  const { name, ...device } = view;
  const context = await chromium.launchPersistentContext(join(profile, name), {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: flags, acceptDownloads: true, reducedMotion: "reduce", ...device,
  });
  try {
    await look(context, name);
    console.log("ok   " + name);
  } catch (error) {
    failures += 1;
    console.log("FAIL " + name + ": " + error.stack);
  } finally {
    await context.close();
  }
}
rmSync(profile, { recursive: true, force: true });
console.log((VIEWS.length - failures) + " of " + VIEWS.length + " views passed");
process.exitCode = failures ? 1 : 0;

async function look(context, name) {
  const page = await context.newPage();
  const requests = [], errors = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
  page.on("dialog", (dialog) => { errors.push("a dialog opened: " + dialog.message()); dialog.dismiss(); });
  await page.goto(pathToFileURL(report).href);
  await page.waitForSelector("#sample-title");
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log("     first paint " + Math.round(painted) + " ms, " + statSync(report).size + " bytes");
  assert(statSync(report).size < 5e6, "the report is under 5 MB");

  await sections(page, name);
  assert.equal(await page.locator("#removed figure > svg").count(), 3, "places, shares and growth are drawn");
  if (!given) assert(!/NaN|undefined|\[object/.test(await page.evaluate(() => document.body.innerText)), "every figure has a value");
  await accessible(page, name + ", whole");
  if (!given) await hostile(page);
  await filters(page);
  await documents(page);
  await themes(page, name);
  const allow = await judge(page);
  await accessible(page, name + ", judged");
  if (!given) feedBack(allow);
  if (name === "light") {
    await page.emulateMedia({ media: "print" });
    await page.pdf({ path: join(work, "print.pdf"), format: "A4" });
  }
  assert.deepEqual(requests.filter((url) => !url.startsWith("file:") && !url.startsWith("blob:")), [], "nothing is requested from outside");
  assert.deepEqual(errors, []);
}

async function sections(page, name) {
  for (const id of SECTIONS) {
    await page.click(`nav a[href="#${id}"]`);
    assert(await page.isVisible(`#${id}-title`), id + " is shown");
    await page.waitForFunction((id) => document.querySelector(`nav a[href="#${id}"]`).getAttribute("aria-current") === "true" || scrollY + innerHeight >= document.documentElement.scrollHeight - 1, id);
    await page.screenshot({ path: join(work, name + "-" + id + ".png") });
  }
  await page.locator("#removed .pair").screenshot({ path: join(work, name + "-plots.png") });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert(wide <= 1, "the page is " + wide + " pixels wider than the window");
}

async function accessible(page, where) {
  // The policy of the page forbids foreign scripts; the driver's own evaluation is not one.
  await page.evaluate(axe + ";0");
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const found = result.violations.map((v) => v.id + ": " + v.nodes.slice(0, 4).map((n) => n.target.join(" ") + " " + n.failureSummary.split("\n")[1]).join(" | "));
  assert.deepEqual(found, [], "axe, " + where);
}

// The test data holds script, markup and bidirectional overrides in texts, ids and sites.
async function hostile(page) {
  assert.equal(await page.evaluate(() => window.pwned), undefined, "no script of a page ran");
  const shown = await page.evaluate(() => document.body.innerText);
  assert(shown.includes("<script>window.pwned=1</script>"), "markup is shown as text");
  assert(!/[\u202a-\u202e\u2066-\u2069\u001b]/.test(await page.evaluate(() => document.body.textContent)), "overrides are neutralised");
  assert.equal(await page.evaluate(() => document.querySelectorAll("main img, main iframe, main form").length), 0);
}

async function filters(page) {
  const rows = () => page.locator("#paragraphs tbody tr").count();
  const all = await rows();
  await page.selectOption("#paragraph-reason", "boilerplate");
  const some = await rows();
  assert(some > 0 && some <= all, "the reason filters");
  await page.fill("#paragraph-filter", "no paragraph says so");
  assert.equal(await rows(), 0);
  await page.fill("#paragraph-filter", "");
  await page.selectOption("#paragraph-reason", "");
  assert.equal(await rows(), all);
  if (page.viewportSize().width > 700) {
    const bytes = page.locator("#paragraphs thead th", { hasText: "Bytes" });
    await bytes.locator("button").click();
    assert.equal(await bytes.getAttribute("aria-sort"), "descending");
  }
  const site = (await page.locator("#sites tbody th").first().innerText()).trim();
  await page.fill("#site-filter", site);
  assert(await page.locator("#sites tbody tr").count() >= 1);
  await page.fill("#site-filter", "");
  await page.fill("#template-filter", site);
  assert(await page.locator("#templates [role=status]").innerText());
  await page.fill("#template-filter", "");
}

async function documents(page) {
  const shown = () => page.innerText("#reader-title");
  const first = await shown();
  if (await page.locator("#document-choice option").count() > 1) {
    await page.click("#document-next");
    assert.notEqual(await page.inputValue("#document-choice"), "0");
    await page.click("#document-before");
    assert.equal(await shown(), first);
  }
  assert(await page.locator("#document del").count() > 0, "removed spans are struck through");
  const link = page.locator("#risky .removal a").first();
  const name = await link.innerText();
  await link.click();
  assert.equal((await shown()).trim(), name.trim(), "a removal leads to its document");
}

async function themes(page, name) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.click("#theme");
  await page.click("#theme");
  const dark = await ground();
  assert.equal(dark !== before, !name.includes("dark"), "the toggle darkens");
  await page.click("#theme");
  assert.equal(await ground(), before);
}

async function judge(page) {
  const keep = page.locator('#sample button[data-verdict="keep"]');
  const count = Math.min(3, await keep.count());
  for (let at = 0; at < count; at++) await keep.nth(at).click();
  await page.locator('#sample button[data-verdict="remove"]').nth(count).click();
  // By keyboard, as without a mouse: pressed twice it is as before.
  await keep.nth(count + 1).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Space");
  assert.match(await page.innerText("#judged"), new RegExp("^" + (count + 1) + " of "));
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
  assert.equal(download.suggestedFilename(), "allow.txt");
  const text = readFileSync(await download.path(), "utf8");
  assert.equal(text, await page.inputValue("#allow"));
  return text;
}

// What was judged to stay stays, word for word.
function feedBack(allow) {
  const path = join(work, "allow.txt"), removed = join(work, "removed.allowed.jsonl");
  writeFileSync(path, allow);
  const rows = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  execFileSync(program, ["clean", input, "-o", join(work, "out.allowed.jsonl"), "--removed", removed, "--allow", path, "-q"]);
  const words = (text) => text.normalize("NFC").toLowerCase().replace(/[\u200b-\u200f\u00ad]/g, "").split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean).map((word) => /\p{N}/u.test(word) ? "#" : word).join(" ").replace(/#( #)+/g, "#");
  const patterns = new Set(allow.split("\n").filter((line) => line && !line.startsWith("//")).map((line) => words(line.replaceAll("#", " 0 "))));
  assert(patterns.size > 0);
  const before = rows(join(work, "removed.jsonl")).filter((row) => patterns.has(words(row.text)));
  assert(before.length > 0, "the first run removed what is now allowed");
  assert.deepEqual(rows(removed).filter((row) => patterns.has(words(row.text))).map((row) => row.text), []);
}
