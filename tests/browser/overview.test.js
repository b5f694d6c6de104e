// The overview: totals, the chart by class of protocols and the greatest hosts, ports and conversations; brushed, stepped, clicked.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive } from "./drive.js";
import { change, FROM, groups, moment, range, rows_in, TO, total, values_of } from "./facts.js";
import { address, assert_groups, assert_painted, assert_series, brush, figure, panel, plot_place, tiles_read } from "./read.js";

browser_use();
const PATH = `/?${range()}`;
const HOUR = 3600;
const of_class = (name, rows) => rows.filter((row) => values_of(row, "class")[0] === name);
const classes = (rows) => Object.fromEntries(["tcp", "udp", "icmp", "other"].map((name) => [name, of_class(name, rows)]));

async function assert_overview(page, rows) {
    assert.deepEqual(await tiles_read(page), total(rows));
    await assert_groups(panel(page, "Hosts"), groups(rows, ["host"]).slice(0, 10));
    await assert_groups(panel(page, "Ports"), groups(rows, ["port"]).slice(0, 10));
    await assert_groups(panel(page, "Conversations"), groups(rows, ["src", "dst"]).slice(0, 10));
}

drive("totals, and the greatest hosts, ports and conversations are those of SQL", PATH, async (page) => {
    await assert_overview(page, rows_in());
});

drive("the chart has the numbers of SQL in every step, and is painted", PATH, async (page) => {
    const chart = panel(page, "Traffic by protocol");
    const rows = rows_in();
    const { times } = await assert_series(chart, classes(rows));
    assert.deepEqual([times[0], times.length], [FROM, (TO - FROM) / 600]);
    await assert_groups(chart, Object.entries(classes(rows)).map(([name, some]) => ({ key: [name], ...total(some) })));
    await assert_painted(chart.locator("canvas"), 5000);
});

drive("pointing at a step tells its amounts", PATH, async (page) => {
    const chart = panel(page, "Traffic by protocol");
    const time = FROM + 3 * HOUR;
    const { x, y } = await plot_place(chart, time + 300, FROM, TO);
    await page.mouse.move(x, y);
    const tip = chart.locator(".tip");
    await tip.getByText(moment(time).slice(11, 16)).waitFor();
    const shown = await tip.locator("tr").evaluateAll((rows) => rows.map((row) => [row.children[0].textContent, row.children[2].textContent]));
    const expected = Object.entries(classes(rows_in(time, time + 600))).map(([name, rows]) => [name, total(rows).octets])
        .filter(([, octets]) => octets).sort((a, b) => b[1] - a[1]);
    assert.deepEqual(shown.map(([name]) => name), expected.map(([name]) => name));
    shown.forEach(([, text], i) => {
        const [amount, unit] = text.split(" ");
        assert.ok(Math.abs(amount * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit] - expected[i][1]) <= expected[i][1] / 199, `${text} is not ${expected[i]}`);
    });
});

drive("brushing zooms; back, forward and reload show what the address says", PATH, async (page) => {
    const [from, to] = [FROM + 2 * HOUR, FROM + 3 * HOUR + 1200];
    await brush(page, panel(page, "Traffic by protocol"), from + 300, to - 300, FROM, TO);
    await settled(page);
    assert.equal(address(page).t, `${moment(from)}..${moment(to)}`);
    await assert_overview(page, rows_in(from, to));
    await page.goBack();
    await settled(page);
    assert.equal(address(page).t, `${moment(FROM)}..${moment(TO)}`);
    await assert_overview(page, rows_in());
    await page.goForward();
    await settled(page);
    await assert_overview(page, rows_in(from, to));
    await page.reload();
    await settled(page);
    await assert_overview(page, rows_in(from, to));
});

drive("buttons step and zoom", PATH, async (page) => {
    const press = async (name) => {
        await page.getByRole("button", { name, exact: true }).click();
        await settled(page);
        return address(page).t;
    };
    const half = (TO - FROM) / 2;
    assert.equal(await press("Step back"), `${moment(FROM - half)}..${moment(TO - half)}`);
    await assert_overview(page, rows_in(FROM - half, TO - half));
    assert.equal(await press("Step forward"), `${moment(FROM)}..${moment(TO)}`);
    assert.equal(await press("Zoom in"), `${moment(FROM + half / 2)}..${moment(TO - half / 2)}`);
    await assert_overview(page, rows_in(FROM + half / 2 - (half / 2) % 600, TO - half / 2 + (half / 2) % 600));
    await press("Zoom out");
    await assert_overview(page, rows_in());
});

drive("totals are compared with the period before", PATH, async (page) => {
    const [now, before] = [total(rows_in()), total(rows_in(2 * FROM - TO, FROM))];
    assert.deepEqual(await page.locator(".tile .change").allTextContents(), ["octets", "packets", "flows"].map((metric) => change(now[metric], before[metric])));
    assert.deepEqual(await page.locator(".tile .change").evaluateAll((all) => all.map(({ title }) => Number(title.replace(/[^\d.]/g, "")))),
        [before.octets, before.packets, before.flows]);
});

drive("another metric counts everywhere", PATH, async (page) => {
    await page.getByRole("radio", { name: "Packets" }).check();
    await settled(page);
    assert.equal(address(page).m, "packets");
    const rows = rows_in();
    await assert_groups(panel(page, "Hosts"), groups(rows, ["host"], "packets").slice(0, 10), "packets");
    await assert_series(panel(page, "Traffic by protocol"), classes(rows), "packets");
});

drive("a click narrows to a value or leaves it out", PATH, async (page) => {
    const [first] = groups(rows_in(), ["port"]);
    await panel(page, "Ports").getByRole("row").filter({ has: page.getByTitle(`Only port=${first.key[0]}`) }).hover();
    await panel(page, "Ports").getByTitle(`Only port=${first.key[0]}`).click();
    await settled(page);
    assert.equal(address(page).f, `port=${first.key[0]}`);
    const has = (row) => values_of(row, "port").includes(first.key[0]);
    assert.deepEqual(await tiles_read(page), total(rows_in(FROM, TO, has)));
    await page.goBack();
    await settled(page);
    await panel(page, "Ports").getByRole("row").filter({ has: page.getByTitle(`Without port=${first.key[0]}`) }).hover();
    await panel(page, "Ports").getByTitle(`Without port=${first.key[0]}`).click();
    await settled(page);
    assert.equal(address(page).f, `!port=${first.key[0]}`);
    assert.deepEqual(await tiles_read(page), total(rows_in(FROM, TO, (row) => !has(row))));
});

drive("the filter completes, takes a bare address as a host, and says what it does not understand", PATH, async (page) => {
    const filter = page.getByRole("combobox", { name: "Filter" });
    await filter.fill("pro");
    await page.getByRole("option", { name: "proto=" }).waitFor();
    await filter.press("ArrowDown");
    await filter.press("Enter");
    await page.keyboard.type("udp");
    await filter.press("Enter");
    await settled(page);
    assert.equal(address(page).f, "proto=udp");
    assert.deepEqual(await tiles_read(page), total(rows_in(FROM, TO, ({ proto }) => proto === 17)));
    const [{ key: [host] }] = groups(rows_in(), ["host"]);
    await filter.fill(host);
    await filter.press("Escape");
    await filter.press("Enter");
    await settled(page);
    assert.equal(address(page).f, `host=${host}`);
    assert.deepEqual(await tiles_read(page), total(rows_in(FROM, TO, ({ src, dst }) => src === host || dst === host)));
    await filter.fill("port=99999");
    await filter.press("Enter");
    await page.locator("#filter-error").getByText("99999").waitFor();
    assert.equal(await filter.inputValue(), "port=99999");
    assert.equal(await filter.getAttribute("aria-invalid"), "true");
}, { allowed: /status of 400/ });

drive("a host leads to its page, and Explore to the explorer", PATH, async (page) => {
    const [{ key: [host] }] = groups(rows_in(), ["host"]);
    await panel(page, "Hosts").getByRole("link", { name: host, exact: true }).click();
    await settled(page);
    assert.equal(decodeURIComponent(address(page).path), `/host/${host}`);
    await page.goBack();
    await settled(page);
    await panel(page, "Conversations").getByRole("link", { name: "Explore" }).click();
    await settled(page);
    assert.deepEqual([address(page).path, address(page).g], ["/explore", "src,dst"]);
});

drive("gaps and what is known to be lost are told", `/?${range(FROM - 7 * HOUR)}`, async (page) => {
    const legend = await panel(page, "Traffic by protocol").locator(".legend").last().textContent();
    assert.match(legend, /No data for \d+ h/);
    assert.match(legend, /Known losses: 120 flows/);
});

drive("without an address it shows the last 24 hours; following goes on with time", "/", async (page) => {
    assert.deepEqual(await tiles_read(page), total(rows_in(TO - 24 * HOUR, TO + HOUR)));
    await page.getByRole("button", { name: "Live" }).click();
    assert.equal(address(page).l, "live");
    await settled(page);
    const again = page.waitForRequest(/api\/query/);
    await page.clock.fastForward(10100);
    await again;
}, { prepare: (context) => context.clock.install() });

drive("where there is nothing it says what to do", `/?${range(FROM - 1000 * HOUR, FROM - 999 * HOUR)}`, async (page) => {
    await page.getByText("No flows found.").first().waitFor();
    await page.getByRole("button", { name: "Latest day with data" }).first().click();
    await settled(page);
    assert.ok((await tiles_read(page)).octets > 0);
});
