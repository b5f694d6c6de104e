// Names and addresses that somebody made up to do harm: they are shown as the text that they are.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive_one as drive } from "./drive.js";
import { groups, range, rows_in } from "./facts.js";

browser_use();
const NAMES = ["<img src=x onerror=alert(1)>", "\"><script>alert(2)</script>", "javascript:alert(3)", "'-alert(4)-'", "{{constructor.constructor('alert(5)')()}}",
    "</title><svg onload=alert(6)>", "\u202eelgoog.com", "a".repeat(253), "&lt;b&gt;bold&lt;/b&gt;", "<a href=//elsewhere.example>here</a>"];
const [{ key: [HOST] }] = groups(rows_in(), ["host"]);

// Every name that the server tells is one of these.
async function names_change(context) {
    let next = 0;
    const answer_change = async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        for (const group of body.groups ?? []) group.name = group.key.map(() => NAMES[next++ % NAMES.length]);
        if (body.names) for (const address of Object.keys(body.names)) body.names[address] = { host: NAMES[0], source: "dns", network: NAMES[1],
            country: NAMES[5], tags: { network: NAMES[6], site: NAMES[9] }, local: false };
        await route.fulfill({ response, json: body });
    };
    // The page may have gone on before its answer came.
    await context.route(/\/api\/(query|names)/, (route) => answer_change(route).catch(() => null));
    await context.addInitScript(() => (globalThis.alert = () => console.error("a script of somebody else has run")));
}

const strangers = (page) => page.evaluate(() =>
    [...document.querySelectorAll("img, script:not([src^='/']), iframe, object, embed, [onerror], [onload], [href^='javascript:'], [href^='//']")].map(({ outerHTML }) => outerHTML.slice(0, 200)));

const PAGES = [`/?${range()}`, `/explore?${range()}&g=src,dst`, `/explore?${range()}&g=src,dst&v=heat`, `/explore?${range()}&g=src,dst&v=sankey`, `/explore?${range()}&g=src,dst&v=matrix`,
    `/explore?${range()}&g=src_network,direction`, `/explore?${range()}&g=src_network,dst_network&v=sankey`, `/flows?${range()}`,
    `/host/${HOST}?${range()}`, `/graph?${range()}&n=20`, `/bundle?${range()}&n=20`, `/hive?${range()}&n=20`];

drive("names of hosts are text everywhere", PAGES[0], async (page) => {
    await page.locator(".value .name").getByText(NAMES[0], { exact: true }).first().waitFor();
    for (const path of PAGES) {
        await page.goto(path);
        await settled(page);
        assert.deepEqual(await strangers(page), [], path);
    }
    await page.goto(`/host/${HOST}?${range()}`);
    await page.locator(".names").getByText(NAMES[0]).waitFor();
    // What is written from right to left turns nothing around but itself.
    for (const where of [".names > *", ".value .name"])
        for (const way of await page.locator(where).evaluateAll((all) => all.map((one) => getComputedStyle(one).unicodeBidi)))
            assert.equal(way, "isolate", where);
}, { prepare: names_change });

const ADDRESSES = ["/host/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "/?f=%3Cscript%3Ealert(1)%3C/script%3E", "/explore?g=%3Cb%3E&v=%3Cb%3E&n=-1&t=%3Cimg%20src=x%3E..now",
    "/host/javascript:alert(1)", "/flows?s=-%22%3E%3Cimg%20src=x%3E&o=99999999999", "/hive?a=%3Cimg%20src=x%3E;;", "/graph?q=NaN,Infinity,1e9", "/?t=2026-13-45..now&f=%E0%A4%A"];

drive("so is what stands in the address, and it is told what is not understood", PAGES[0], async (page) => {
    for (const path of ADDRESSES) {
        await page.goto(path);
        await settled(page);
        assert.deepEqual(await strangers(page), [], path);
        assert.match(await page.locator("body").innerText(), /is not valid|not found|is not/, path);
    }
}, { allowed: /status of 400/, prepare: names_change });

drive("an answer that never comes, fails or is no JSON is told, with what to do", `/explore?${range()}`, async (page) => {
    for (const [answer, text] of [[{ status: 503, json: { error: { message: "the query took longer than 10 s" } } }, "the query took longer than 10 s"],
        [{ status: 200, body: "<html>" }, "The response is not JSON."], ["abort", "flowimport does not answer."]]) {
        await page.route(/\/api\/query/, (route) => (answer === "abort" ? route.abort() : route.fulfill(answer)));
        // A question that is still under way is not asked again: then another time.
        for (let tries = 1, told = false; !told; tries++) {
            await page.keyboard.press("r");
            told = await page.getByText(text).first().waitFor({ timeout: tries < 20 ? 6000 : 120000 }).then(() => true, (error) => {
                if (tries === 20) throw error;
                return false;
            });
        }
        await page.unroute(/\/api\/query/);
        await page.getByRole("button", { name: "Try again" }).first().click();
        await page.getByRole("heading", { name: "Groups" }).waitFor();
        await settled(page); // so that the next answer is that of the next question
    }
}, { allowed: /status of 503|ERR_FAILED/ });
