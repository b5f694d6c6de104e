// How every page looks: accessible in both themes, narrow as a phone, in another time zone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axe_path, settled } from "./browser.js";
import { browser_use, drive_one as drive } from "./drive.js";
import { FROM, groups, moment, range, rows_in } from "./facts.js";
import { address, figure, panel, series_read } from "./read.js";

browser_use();
const AXE = readFileSync(axe_path, "utf8");
const [{ key: [HOST] }] = groups(rows_in(), ["host"]);
const PAGES = [`/?${range()}`, `/explore?${range()}&c=before`, `/explore?${range()}&v=heat`, `/explore?${range()}&g=src,dst&v=sankey`,
    `/explore?${range()}&g=src,dst&v=matrix`, `/flows?${range()}&n=20`, `/host/${HOST}?${range()}`, `/graph?${range()}&n=30`, `/bundle?${range()}&n=30`, `/hive?${range()}&n=30`, "/pipeline"];

// Serious and critical findings as texts.
async function findings(page) {
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
        .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}

async function each_page(page, look) {
    const wrong = [];
    for (const path of PAGES) {
        await page.goto(path);
        await settled(page);
        for (const text of await look(path)) wrong.push(`${path}: ${text}`);
    }
    assert.deepEqual(wrong, []);
}

for (const colorScheme of ["light", "dark"])
    drive(`${colorScheme}: axe finds nothing serious, the page is ${colorScheme}, and no time is told as seconds since 1970`, PAGES[0], (page) => each_page(page, async () => {
        await page.evaluate(AXE);
        const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number));
        const problems = await findings(page);
        if ((Math.max(...ground) < 64) !== (colorScheme === "dark")) problems.push(`its ground is ${ground}`);
        const seconds = (await page.locator("main").innerText()).match(/\b1[67]\d{8}\b/g) ?? [];
        return [...problems, ...seconds];
    }), { colorScheme });

drive("the dialog of keys and the list of completions are accessible too", PAGES[0], async (page) => {
    await page.evaluate(AXE);
    await page.keyboard.press("?");
    assert.deepEqual(await findings(page), []);
    await page.keyboard.press("Escape");
    await page.locator("#filter").fill("p");
    await page.locator("#completions li").first().waitFor();
    assert.deepEqual(await findings(page), []);
});

// Where it is 02:00 at the end of the range, so that days change in it, whatever the time.
function night_zone() {
    const east = (26 - (FROM / 3600 + 7) % 24) % 24;
    return `Etc/GMT${east > 12 ? `+${24 - east}` : `-${east}`}`;
}

drive("phone: nothing is wider than 375 pixels", PAGES[0], (page) => each_page(page, async () => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    return width > 375 ? [`it is ${width} pixels wide`] : [];
}), { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true, timezoneId: night_zone() });

drive("the theme that is switched to stays", PAGES[0], async (page) => {
    await page.getByRole("button", { name: "Dark or light" }).click();
    await page.reload();
    await settled(page);
    assert.deepEqual(await page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).colorScheme]), ["dark", "dark"]);
});

drive("the time zone is named, and can be switched to UTC", `/?${range()}`, async (page) => {
    const zone = page.locator("#zone");
    assert.match(await zone.textContent(), /^Asia\/Tehran, UTC\+03:30$/);
    const { times } = await series_read(panel(page, "Traffic by protocol"));
    assert.equal(times[0], FROM + 3.5 * 3600);
    assert.equal(await page.locator("#from").inputValue(), moment(FROM + 3.5 * 3600).replace("T", " ").replace("Z", ""));
    await zone.click();
    await settled(page);
    assert.deepEqual([await zone.textContent(), address(page).z], ["UTC", "utc"]);
    assert.equal((await series_read(panel(page, "Traffic by protocol"))).times[0], FROM);
}, { timezoneId: "Asia/Tehran" });

drive("there before any script has run, and complete within a second", `/?${range()}`, async (page) => {
    const times = await page.evaluate(() => performance.getEntriesByType("paint").map(({ name, startTime }) => [name, startTime]));
    assert.ok(times.length > 0 && times.every(([, time]) => time < 1000), String(times));
    assert.ok(await figure(page).isVisible());
});
