// The explorer: each kind of figure, groups, filters, the period before and CSV.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { settled } from "./browser.js";
import { browser_use, drive } from "./drive.js";
import { FROM, groups, METRICS, moment, range, rows, rows_in, series, TO, total, values_of } from "./facts.js";
import { address, amount, assert_groups, assert_painted, assert_series, brush, figure, is_gap, number_read, panel, series_read } from "./read.js";

browser_use();
const HOUR = 3600;
const PATH = `/explore?${range()}`;

const rows_of = (some, dimensions, key) => some.filter((row) => key.every((value, i) => values_of(row, dimensions[i]).includes(value)));

// The lines of a chart: the greatest groups, then the others.
function lines_of(some, dimensions, n, text = (key) => key.join(" → ")) {
    const shown = groups(some, dimensions).slice(0, n);
    const lines = Object.fromEntries(shown.map(({ key }) => [text(key), rows_of(some, dimensions, key)]));
    const taken = new Set(Object.values(lines).flat());
    return { ...lines, Others: some.filter((row) => !taken.has(row)) };
}

drive("stacked: every group's numbers in every step, the others, and the table below", `${PATH}&g=src`, async (page) => {
    const some = rows_in();
    await assert_series(figure(page), lines_of(some, ["src"], 10));
    await assert_painted(figure(page).locator("canvas"), 5000);
    await assert_groups(panel(page, "Groups"), groups(some, ["src"]).slice(0, 10), "octets", false);
    const sums = await panel(page, "Groups").locator("tr.sum").last().locator("td.number[title]").evaluateAll((cells) => cells.map(({ title }) => title));
    assert.deepEqual(sums.map(number_read), METRICS.map((metric) => total(some)[metric]));
});

drive("lines, by pairs, five of them, counted in flows", `${PATH}&g=src,dst&v=lines&n=5&m=flows`, async (page) => {
    const some = rows_in();
    const shown = groups(some, ["src", "dst"], "flows").slice(0, 5);
    const { labels, times, step, lines } = await series_read(figure(page));
    assert.deepEqual(labels, [...shown.map(({ key }) => key.join(" → ")), "Others"]);
    for (const { key } of shown)
        assert.deepEqual(lines[key.join(" → ")].map((value) => value ?? 0), series(rows_of(some, ["src", "dst"], key), times, step, "flows"));
    await assert_painted(figure(page).locator("canvas"), 300);
    await assert_groups(panel(page, "Groups"), shown, "flows", false);
});

drive("the period before as a line and as changes", `${PATH}&g=family&c=before`, async (page) => {
    const earlier = rows_in(2 * FROM - TO, FROM);
    const { times, step, lines } = await series_read(figure(page));
    assert.deepEqual(lines["All, previous period"], series(earlier.map((row) => ({ ...row, bucket: row.bucket + TO - FROM })), times, step)
        .map((value, i) => (lines[4][i] === null ? null : value)));
    const titles = await panel(page, "Groups").locator("tbody tr:not(.sum) .change").evaluateAll((all) => all.map(({ title }) => title));
    assert.deepEqual(titles.map((title) => number_read(title.replace("before: ", ""))),
        groups(rows_in(), ["family"]).map(({ key }) => total(rows_of(earlier, ["family"], key)).octets));
});

drive("heat map: a cell for every group and step, coloured where there is something", `${PATH}&g=dport&v=heat&n=20`, async (page) => {
    const some = rows_in();
    const shown = groups(some, ["dport"]).slice(0, 20);
    const canvas = figure(page).locator("canvas[role=img]");
    const cells = await canvas.evaluate((element) => {
        const { data, width, height } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
        return Array.from({ length: height }, (none, y) => Array.from({ length: width }, (no, x) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 3).join()));
    });
    const times = Array.from({ length: (TO - FROM) / 600 }, (none, i) => FROM + 600 * i);
    const expected = shown.map(({ key }) => series(rows_of(some, ["dport"], key), times, 600));
    const known = times.map((time) => !is_gap(time, 600));
    const empty = cells[0][expected[0].findIndex((value, x) => known[x] && !value)];
    const most = Math.max(...expected.flat());
    // What is too little to differ from nothing by a shade may look like nothing.
    expected.forEach((line, y) => line.forEach((value, x) => {
        if (known[x] && (value === 0 || value > most / 10000)) assert.equal(cells[y][x] !== empty, value > 0, `row ${y}, column ${x}: ${value}`);
    }));
    assert.deepEqual([cells.length, cells[0].length], [20, times.length]);
    const box = await canvas.boundingBox();
    const at = expected[0].indexOf(Math.max(...expected[0]));
    await page.mouse.move(box.x + ((at + 0.5) * box.width) / times.length, box.y + 9);
    const tip = await figure(page).locator(".tip").textContent();
    assert.ok(tip.includes(moment(times[at]).slice(11, 16)) && tip.includes(shown[0].key[0]), tip);
});

drive("table: other groups by the selection, their number, and as CSV", `${PATH}&v=table`, async (page) => {
    await page.getByRole("combobox", { name: "Group by" }).selectOption("proto");
    await settled(page);
    assert.equal(address(page).g, "proto");
    const some = rows_in();
    await assert_groups(figure(page), groups(some, ["proto"]), "octets", false);
    await page.getByRole("combobox", { name: "and", exact: true }).selectOption("dport");
    await settled(page);
    await page.getByRole("combobox", { name: "Top" }).selectOption("20");
    await settled(page);
    assert.deepEqual([address(page).g, address(page).n], ["proto,dport", "20"]);
    const expected = groups(some, ["proto", "dport"]).slice(0, 20);
    await assert_groups(figure(page), expected, "octets", false);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
    const lines = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/).map((line) => line.split(","));
    const column = (name) => lines[0].indexOf(name);
    assert.deepEqual(lines.slice(1, 21).map((line) => ({ key: [line[column("proto")], line[column("dport")]],
        ...Object.fromEntries(METRICS.map((metric) => [metric, Number(line[column(metric)])])) })), expected);
});

drive("Sankey diagram: a band for every pair; a click on a side's box narrows to it", `${PATH}&g=src,dst&v=sankey&n=20`, async (page) => {
    const some = rows_in();
    const shown = groups(some, ["src", "dst"]).slice(0, 20);
    const titles = await figure(page).locator("path.band title").allTextContents();
    assert.deepEqual(titles.map((title) => title.replace(/ \(.*/, "")).sort(), shown.map(({ key, octets }) => `${key.join(" → ")}: ${amount(octets, "B")}`).sort());
    const [{ key: [source] }] = shown;
    await figure(page).getByRole("link", { name: `Only src ${source}` }).locator("rect").click();
    await settled(page);
    assert.equal(address(page).f, `src=${source}`);
    await assert_groups(panel(page, "Groups"), groups(some.filter(({ src }) => src === source), ["src", "dst"]).slice(0, 20), "octets", false);
});

drive("matrix: a cell for every pair, which leads to the pair", `${PATH}&g=proto,dport&v=matrix&n=20`, async (page) => {
    const some = rows_in();
    const shown = groups(some, ["proto", "dport"]).slice(0, 20);
    const cells = await figure(page).locator("table.matrix td[title]").evaluateAll((all) => all.map(({ title }) => title));
    assert.deepEqual(cells.map((title) => number_read(title.replace(/.*: /, ""))).sort(), shown.map(({ octets }) => octets).sort());
    await figure(page).locator("table.matrix td[title] a").first().click();
    await settled(page);
    assert.match(address(page).f, /^proto=\d+ dport=\d+$/);
    assert.equal(await figure(page).locator("table.matrix td[title]").count(), 1);
});

drive("each kind of figure is an address: switched to, gone back from, read again", PATH, async (page) => {
    const kinds = [["Lines", "lines"], ["Heat map", "heat"], ["Table", "table"], ["Sankey", "sankey"], ["Matrix", "matrix"]];
    for (const [title, kind] of kinds) {
        await page.getByRole("radio", { name: title }).check();
        await settled(page);
        assert.equal(address(page).v, kind);
    }
    for (const [, kind] of kinds.slice(0, -1).reverse()) {
        await page.goBack();
        await settled(page);
        assert.equal(address(page).v, kind);
    }
    await page.goBack();
    await settled(page);
    assert.equal(address(page).v, undefined);
    await page.goForward();
    await page.reload();
    await settled(page);
    assert.ok(await page.getByRole("radio", { name: "Lines" }).isChecked());
});

const FILTERS = [
    ["host=10.8.0.0/13+!port=53,123+proto=tcp", (row) => (is_high(row.src) || is_high(row.dst)) && ![53, 123].some((port) => [row.sport, row.dport].includes(port)) && row.proto === 6],
    ["family=6+dport=400-500", (row) => row.family === 6 && row.dport >= 400 && row.dport <= 500],
    ["!class=tcp,udp", (row) => ![6, 17].includes(row.proto)],
    ["src=2001:db8::/33+!dst=2001:db8:8::/45", (row) => row.family === 6 && word_of(row.src, 2) < 0x8000 && !(row.family === 6 && word_of(row.dst, 2) >= 8 && word_of(row.dst, 2) < 16)],
    ["class=icmp+!family=6", (row) => row.family === 4 && [1, 58].includes(row.proto)],
];
const is_high = (address) => /^10\.(8|9|1[0-5])\./.test(address);
const word_of = (address, at) => parseInt(address.split(":")[at] || "0", 16);

for (const [filter, keep] of FILTERS)
    drive(`filter ${filter.replaceAll("+", " ")}`, `${PATH}&g=dst&f=${filter}`, async (page) => {
        const some = rows_in(FROM, TO, keep);
        assert.ok(some.length > 0 && some.length < rows.length);
        await assert_groups(panel(page, "Groups"), groups(some, ["dst"]).slice(0, 10), "octets", false);
        await assert_series(figure(page), lines_of(some, ["dst"], 10));
    });

drive("brushing the explorer keeps its groups and filter", `${PATH}&g=dst&f=proto=tcp`, async (page) => {
    const [from, to] = [FROM + 3 * HOUR, FROM + 4 * HOUR];
    await brush(page, figure(page), from + 300, to - 300, FROM, TO);
    await settled(page);
    assert.deepEqual(address(page), { path: "/explore", t: `${moment(from)}..${moment(to)}`, f: "proto=tcp", g: "dst" });
    await assert_groups(panel(page, "Groups"), groups(rows_in(from, to, ({ proto }) => proto === 6), ["dst"]).slice(0, 10), "octets", false);
});
