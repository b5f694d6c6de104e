// Tests of a page, and what is watched in each: one that complains, asks a stranger or breaks its own policy fails its test.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser_open, settled } from "./browser.js";
import { facts } from "./facts.js";

let browser;
const shared = {}; // the pages of the tests that want nothing special, by address: a new one each costs a second

export function browser_use() {
    before(async () => (browser = await browser_open()));
    after(() => browser.close());
}

// What a page does that it must not: errors and warnings on its console, requests to others, breaches of its policy.
function complaints_watch(context, origin) {
    const complaints = [];
    context.on("console", (message) => {
        if (["error", "warning", "assert"].includes(message.type())) complaints.push(`console: ${message.text()}`);
    });
    context.on("weberror", (error) => complaints.push(`error: ${error.error().stack}`));
    context.on("request", (request) => {
        const url = new URL(request.url());
        if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) complaints.push(`request: ${request.url()}`);
    });
    return complaints;
}

// Defines a test for the page of each store. options: of the browser's context; allowed, a pattern of complaints that are
// called for; prepare(context), before the page is opened.
export function drive(name, path, work, options) {
    for (const { kind, url } of facts.pages) test(`${kind}: ${name}`, () => page_drive(url, path, (page) => work(page, kind), options));
}

// Where the store makes no difference: on flowimportd's own page, which has the most to show.
export function drive_one(name, path, work, options) {
    test(name, () => page_drive(facts.pages[0].url, path, work, options));
}

async function page_drive(url, path, work, { allowed, prepare, ...options } = {}) {
    const special = prepare || Object.keys(options).length > 0;
    const { context, page, complaints } = special ? await page_open(url, prepare, options) : await (shared[url] ??= page_open(url));
    try {
        complaints.length = 0;
        await page.goto(path);
        await settled(page);
        await work(page);
        assert.deepEqual(complaints.filter((text) => !allowed?.test(text)), []);
    } finally {
        if (special) await context.close();
    }
}

async function page_open(url, prepare, options) {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, timezoneId: "UTC",
        reducedMotion: "reduce", colorScheme: "light", ...options });
    context.setDefaultTimeout(120000);
    const complaints = complaints_watch(context, url);
    await context.addInitScript(() => addEventListener("securitypolicyviolation",
        (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
    await prepare?.(context);
    return { context, page: await context.newPage(), complaints };
}
