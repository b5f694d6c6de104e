// What the files of names say of addresses: grouped by, asked for by a click or by typing, and on a host's page.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive } from "./drive.js";
import { groups, range, rows_in, total } from "./facts.js";
import { address, assert_groups, figure, number_read } from "./read.js";

browser_use();
// As run.py writes them.
const second = (host) => (host.startsWith("10.") ? Number(host.split(".")[1]) : -1);
const site = (host) => (second(host) < 0 ? "" : second(host) < 8 ? "Low, one" : "High");
const own = (host) => site(host) === "Low, one";
const direction = ({ src, dst }) => (own(src) ? (own(dst) ? "internal" : "out") : own(dst) ? "in" : "transit");
const named = (some) => some.map((row) => ({ ...row, src_site: site(row.src), dst_site: site(row.dst), direction: direction(row) }));

drive("flows by site and direction, and a click on a site with a comma and a blank", `/explore?${range()}&g=src_site,direction&v=table`, async (page) => {
    const shown = figure(page);
    await assert_groups(shown, groups(named(rows_in()), ["src_site", "direction"]), "octets", false);
    await shown.locator("[data-narrow=in][title='Only src_site=Low, one']").first().click();
    await settled(page);
    assert.equal(address(page).f, 'src_site="Low, one"');
    const low = named(rows_in()).filter((row) => row.src_site === "Low, one");
    await assert_groups(shown, groups(low, ["src_site", "direction"]), "octets", false);
    await page.goto(`/explore?${range()}&g=src_site&v=table`);
    await settled(page);
    await shown.getByRole("link", { name: "(none)", exact: true }).click();
    await settled(page);
    assert.equal(address(page).f, 'src_site=""');
    await assert_groups(shown, groups(named(rows_in()).filter((row) => !row.src_site), ["src_site"]), "octets", false);
});

drive("networks of 24 bits", `/explore?${range()}&g=dst/24&v=table&n=5`, async (page) => {
    const expected = groups(rows_in().filter(({ family }) => family === 0 || family === 4), ["dst"]);
    assert.ok(expected.length);
    const keys = await figure(page).locator("[data-narrow=in]").evaluateAll((links) => links.map(({ title }) => title));
    assert.equal(keys.length, 5);
    for (const key of keys) assert.match(key, /^Only dst\/24=([\d.]+\.0\/24|[\da-f:]+\/64)$/);
    await figure(page).locator("[data-narrow=in]").first().click();
    await settled(page);
    assert.equal(address(page).f, keys[0].slice("Only ".length));
    assert.equal(await figure(page).locator("table.groups tbody tr:not(.sum)").count(), 1);
});

drive("what can be typed next", `/explore?${range()}`, async (page) => {
    const field = page.getByRole("combobox", { name: "Filter" });
    await field.fill("dst_site=lo");
    await page.locator("#completions li").first().click();
    assert.equal(await field.inputValue(), 'dst_site="Low, one" ');
    await field.fill("direction=");
    assert.deepEqual(await page.locator("#completions li span:first-child").allTextContents(),
        ["in", "out", "internal", "transit"].map((word) => `direction=${word}`));
});

drive("a host with its network, its site, and what it sends and receives beyond", "/", async (page) => {
    const [{ key: [host] }] = groups(rows_in(), ["host"]).filter(({ key }) => own(key[0]));
    await page.goto(`/host/${host}?${range()}`);
    await page.locator(".names").getByText("<b>West</b>").waitFor();
    await page.locator(".names").getByText("own network").waitFor();
    await settled(page);
    const its = named(rows_in()).filter((row) => row.src === host || row.dst === host);
    for (const [word, title] of [["in", "Into own networks (download)"], ["out", "Out of own networks (upload)"], ["internal", "Within own networks"]]) {
        const some = its.filter((row) => row.direction === word);
        const tile = page.locator(".tile", { has: page.getByRole("heading", { name: title }) });
        if (some.length) assert.equal(number_read(await tile.locator(".amount").getAttribute("title")), total(some).octets, word);
        else assert.equal(await tile.count(), 0);
    }
    await page.locator(".names").getByRole("link", { name: "Low, one" }).click();
    await settled(page);
    assert.equal(address(page).f, 'site="Low, one"');
});

drive("who talks to the most hosts: a table sorted by different peers", `/explore?${range()}&g=src&v=table`, async (page) => {
    await page.getByLabel("Different").selectOption("peers");
    await settled(page);
    assert.equal(address(page).u, "peers");
    const peers = new Map();
    for (const { src, dst } of rows_in()) peers.set(src, (peers.get(src) ?? new Set()).add(dst));
    const expected = [...peers].map(([src, found]) => [src, found.size]).sort((a, b) => b[1] - a[1]);
    const shown = await figure(page).locator("table.groups tbody tr:not(.sum)").evaluateAll((rows) =>
        rows.map((row) => [row.querySelector("[data-narrow=in]").title.replace(/^Only src=/, ""), row.children[1].title]));
    assert.equal(shown.length, 10);
    assert.deepEqual(shown.map(([, count]) => number_read(count)), expected.slice(0, 10).map(([, count]) => count));
    for (const [src, count] of shown) assert.equal(number_read(count), peers.get(src).size, src);
    await page.getByRole("columnheader", { name: "Different peers" }).waitFor();
});
