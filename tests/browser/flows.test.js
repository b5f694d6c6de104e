// The flows' table, and a host's page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { settled } from "./browser.js";
import { browser_use, drive } from "./drive.js";
import { FROM, groups, METRICS, moment, range, rows_in, TO, total } from "./facts.js";
import { address, assert_groups, assert_painted, assert_series, number_read, panel } from "./read.js";

browser_use();
const PATH = `/flows?${range()}`;
const KEYS = ["src", "dst", "sport", "dport", "proto"];
const FIELDS = ["bucket", ...KEYS, "packets", "octets", "flows"];

// The rows as texts, in the order of the table.
async function flows_read(page) {
    const cells = await page.locator("table.flows tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => {
        const link = cell.querySelector("[data-narrow=in]");
        return link ? link.title.slice(link.title.indexOf("=") + 1) : cell.title || cell.textContent;
    })));
    return cells.map((row) => row.map((text) => text.replaceAll("\u202f", "")));
}

const text_of = (row, fields = FIELDS) => fields.map((field) =>
    (field === "bucket" ? moment(row.bucket).replace("T", " ").replace("Z", "") : String(field === "flows" ? row.flows / 1e6 : row[field])));

// Rows that are equal in what is sorted by may stand in any order.
function assert_flows(shown, expected, column) {
    assert.deepEqual(shown.map((row) => row[column]), expected.map((row) => row[column]));
    const all = new Set(expected.map((row) => row.join()));
    const last = expected.at(-1)[column];
    for (const row of shown) assert.ok(all.has(row.join()) || row[column] === last, row.join());
    assert.equal(new Set(shown.map((row) => row.join())).size, shown.length);
}

const sorted = (rows, field, sign = -1) => [...rows].sort((a, b) => sign * (a[field] - b[field]));

drive("the flows with the most octets, page by page", `${PATH}&n=50`, async (page) => {
    const expected = sorted(rows_in(), "octets").map((row) => text_of(row));
    const at = FIELDS.indexOf("octets");
    assert_flows(await flows_read(page), expected.slice(0, 50), at);
    await page.getByRole("link", { name: "Next ▶" }).click();
    await settled(page);
    assert.equal(address(page).o, "50");
    assert_flows(await flows_read(page), expected.slice(50, 100), at);
    await page.keyboard.press("[");
    await settled(page);
    assert_flows(await flows_read(page), expected.slice(0, 50), at);
});

drive("a click on a column sorts by it, a second one the other way round", PATH, async (page) => {
    for (const [title, field, sign] of [["Packets", "packets", -1], ["Packets", "packets", 1], ["Destination port", "dport", 1], ["Time", "bucket", -1]]) {
        await page.locator("table.flows").getByRole("link", { name: new RegExp(`^${title}`) }).click();
        await settled(page);
        const shown = await flows_read(page);
        assert.equal(address(page).s, (sign < 0 ? "-" : "") + field);
        const at = FIELDS.indexOf(field);
        assert.deepEqual(shown.map((row) => row[at]), sorted(rows_in(), field, sign).slice(0, 100).map((row) => text_of(row)[at]));
    }
});

drive("added up over time", `${PATH}&w=whole`, async (page) => {
    const expected = groups(rows_in(), KEYS, "octets").slice(0, 100);
    const keys = ["src", "dst", "sport", "dport", "proto", "packets", "octets", "flows"];
    assert_flows(await flows_read(page), expected.map((group) => keys.map((key, i) => String(i < 5 ? group.key[i] : group[key]))), 6);
});

drive("values narrow the table; as CSV it has all of them", PATH, async (page) => {
    const [first] = sorted(rows_in(), "octets");
    const link = page.locator("table.flows").getByTitle(`Only src=${first.src}`).first();
    await link.locator("xpath=ancestor::td").hover();
    await link.click();
    await settled(page);
    assert.equal(address(page).f, `src=${first.src}`);
    const some = rows_in(FROM, TO, ({ src }) => src === first.src);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
    const lines = readFileSync(await download.path(), "utf8").trim().split(/\r?\n/);
    // Each key with its name, and where that comes from.
    const columns = lines[0].split(",");
    assert.deepEqual(columns, FIELDS.flatMap((field) => (KEYS.includes(field) ? [field, `${field}_name`, `${field}_source`] : [field])));
    const kept = FIELDS.map((field) => columns.indexOf(field));
    const cells = lines.slice(1).map((line) => kept.map((at) => line.split(",")[at]).join());
    assert.deepEqual(cells.sort(), some.map((row) => [row.bucket, ...text_of(row).slice(1)].join()).sort());
});

const [{ key: [HOST] }] = groups(rows_in(), ["host"]);

drive("a host: in and out over time, with whom, over which ports", `/host/${HOST}?${range()}`, async (page) => {
    const out = rows_in(FROM, TO, ({ src }) => src === HOST), inward = rows_in(FROM, TO, ({ dst }) => dst === HOST);
    const tiles = await page.locator(".tile .amount").evaluateAll((all) => all.map(({ title }) => title));
    assert.deepEqual(tiles.slice(0, 2).map(number_read), [total(inward).octets, total(out).octets]);
    const chart = panel(page, "In and out");
    await assert_series(chart, { In: inward, Out: out });
    await assert_painted(chart.locator("canvas"));
    await assert_groups(panel(page, "Sends to"), groups(out, ["dst"]).slice(0, 10));
    await assert_groups(panel(page, "Receives from"), groups(inward, ["src"]).slice(0, 10));
    await assert_groups(panel(page, "Destination ports"), groups(out, ["dport"]).slice(0, 10));
    await assert_groups(panel(page, "Own ports contacted by others"), groups(inward, ["dport"]).slice(0, 10));
});

drive("a host leads to its peers, its flows, and to itself in the explorer", `/host/${HOST}?${range()}`, async (page) => {
    const [peer] = groups(rows_in(FROM, TO, ({ src }) => src === HOST), ["dst"]);
    await panel(page, "Sends to").getByRole("link", { name: peer.key[0], exact: true }).click();
    await settled(page);
    assert.equal(await page.title(), `Host ${peer.key[0]} – flowimport`);
    await page.goBack();
    await settled(page);
    await page.getByRole("link", { name: "Its flows" }).click();
    await settled(page);
    assert.deepEqual([address(page).path, address(page).f], ["/flows", `host=${HOST}`]);
    assert.equal((await flows_read(page))[0][7], String(sorted(rows_in(FROM, TO, ({ src, dst }) => [src, dst].includes(HOST)), "octets")[0].octets));
});

drive("without an address, or with a wrong one, the host's page asks for it", "/host/nowhere", async (page) => {
    await page.getByText("“nowhere” is not a host address").waitFor();
    await page.getByLabel("Host address").fill(HOST);
    await page.keyboard.press("Enter");
    await settled(page);
    assert.equal(decodeURIComponent(address(page).path), `/host/${HOST}`);
});
