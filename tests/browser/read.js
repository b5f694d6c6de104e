// What a page shows, read back as numbers, and held against what SQL gives.
import assert from "node:assert/strict";
import { METRICS, rows, series } from "./facts.js";

export const panel = (page, title) => page.locator("section.panel", { has: page.getByRole("heading", { name: title, exact: true }) });
export const figure = (page) => page.locator("section.panel.wide").first();

// "1 234.5" as it is written for people to read, every digit.
export const number_read = (text) => Number(text.replaceAll("\u202f", ""));
const moment_read = (text) => Date.parse(text.replace(" ", "T") + "Z") / 1000;

// Parameters of the address as they stand there: colons and commas are not encoded.
export const address = (page) => {
    const url = new URL(page.url());
    return { path: url.pathname, ...Object.fromEntries(url.search.slice(1).split("&").filter(Boolean).map((piece) => [piece.split("=", 1)[0],
        decodeURIComponent(piece.slice(piece.indexOf("=") + 1)).replaceAll("+", " ")])) };
};

export async function tiles_read(page) {
    const tiles = page.locator(".tile .amount[data-metric]");
    return Object.fromEntries(await tiles.evaluateAll((amounts) => amounts.map(({ dataset }) => [dataset.metric, Number(dataset.value)])));
}

// Of a table of groups: [{key, sums in the order of the columns}]
export async function groups_read(within) {
    const found = await within.locator("table.groups tbody tr:not(.sum)").evaluateAll((rows) => rows.map((row) => ({
        key: [...row.querySelectorAll("[data-narrow=in]")].map(({ title }) => title.slice(title.indexOf("=") + 1)),
        titles: [...row.querySelectorAll("td.number[title]")].map(({ title }) => title),
    })));
    return found.map(({ key, titles }) => ({ key, sums: titles.map(number_read) }));
}

// `brief` tables have the metric alone, the others also the other sums.
export async function assert_groups(within, expected, metric = "octets", brief = true) {
    const columns = brief ? [metric] : [metric, ...METRICS.filter((other) => other !== metric)];
    assert.deepEqual(await groups_read(within), expected.map((group) => ({ key: group.key, sums: columns.map((column) => group[column]) })));
}

// Of the table that a chart has beside it: {labels, times, step, lines: {label: [number, or null where there is no data]}}
export async function series_read(within) {
    await within.getByText("Show as table").click();
    const table = within.locator("details.data table");
    await table.waitFor();
    const labels = (await table.locator("thead th").allTextContents()).slice(1);
    const cells = await table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent)));
    const times = cells.map(([time]) => moment_read(time));
    const lines = Object.fromEntries(labels.map((label, i) => [label, cells.map((row) => (row[1] === "no data" ? null : number_read(row[i + 1])))]));
    return { labels, times, step: times[1] - times[0], lines };
}

const BUCKETS = new Set(rows.map(({ bucket }) => bucket));
const [FIRST, LAST] = [Math.min(...BUCKETS), Math.max(...BUCKETS)];

// Whether there is no row in a whole step, though there are some before and after it.
export function is_gap(time, step) {
    if (time < FIRST || time + step > LAST) return false;
    for (let bucket = time; bucket < time + step; bucket += 600) if (BUCKETS.has(bucket)) return false;
    return true;
}

// lines: {label: rows}
export async function assert_series(within, lines, metric = "octets") {
    const read = await series_read(within);
    assert.deepEqual(read.labels, Object.keys(lines));
    assert.ok(read.times.length > 5);
    const expected = Object.entries(lines).map(([label, some]) => [label, series(some, read.times, read.step, metric)
        .map((value, i) => (is_gap(read.times[i], read.step) ? null : value))]);
    assert.deepEqual(read.lines, Object.fromEntries(expected));
    return read;
}

// Whether the canvas has more than axes on it: pixels with colour.
export async function assert_painted(canvas, least = 1000) {
    const count = await canvas.evaluate((element) => {
        const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
        let coloured = 0;
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 60 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) coloured++;
        return coloured;
    });
    assert.ok(count >= least, `${count} coloured pixels`);
}

// Where a moment stands in the plot of a chart from `from` to `to`: x and y on the page.
export async function plot_place(within, moment, from, to) {
    const box = await within.locator(".u-over").boundingBox();
    return { x: box.x + (box.width * (moment - from)) / (to - from), y: box.y + box.height / 2 };
}

export async function brush(page, within, begin, end, from, to) {
    const [left, right] = [await plot_place(within, begin, from, to), await plot_place(within, end, from, to)];
    await page.mouse.move(left.x, left.y);
    await page.mouse.down();
    await page.mouse.move((left.x + right.x) / 2, left.y, { steps: 3 });
    await page.mouse.move(right.x, left.y);
    await page.mouse.up();
}

// An amount as a person reads it: three digits and a prefix.
export function amount(value, unit = "") {
    const power = value < 999.5 ? 0 : value < 999.5e3 ? 1 : value < 999.5e6 ? 2 : 3;
    const size = value / 1000 ** power;
    const digits = power === 0 && Number.isInteger(size) ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    return `${size.toFixed(digits)} ${["", "k", "M", "G"][power]}${unit}`.trim();
}
