// How full interfaces are: a table of the pipeline's page. Its store has no exporters: the answer is the test's own.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive_one as drive } from "./drive.js";
import { panel } from "./read.js";

browser_use();
const HOSTILE = "<img src=x onerror=alert(1)>";
const way = (bits, use, coverage) => ({ octets: 1, packets: 1, bits, use, peak_bits: 2 * bits, peak_use: use && 2 * use, counted: coverage && 1000, coverage });
const link = (index, name, source, speed, more) => ({ exporter: "192.0.2.1", exporter_name: HOSTILE, index, name, name_source: source, description: "\u05d0 </td>",
    description_source: source, speed, speed_source: speed ? "sflow" : "", in: way(1000, speed && 12.5, null), out: way(2e6, speed && 40.4, null), ...more });
const LINKS = [link(1, HOSTILE, "options", 5e6, { in: way(1000, 12.5, 61.2), out: way(2e6, 40.4, 99.9) }), link(2, "", "", null)];

async function answers_make(context) {
    await context.route(/\/api\/meta/, async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        for (const name of ["exporter", "in", "out"]) body.dimensions.push({ name, title: name, type: "number", filter: true, group: true });
        await route.fulfill({ response, json: body });
    });
    await context.route(/\/api\/links/, (route) => route.fulfill({ json: { from: 0, to: 86400, step: 900, hour: 1700002800, links: LINKS, more: false, ms: 1, now: 1700010000 } }));
    await context.addInitScript(() => (globalThis.alert = () => console.error("a script of somebody else has run")));
}

drive("interfaces with their speed, use and what of it flows show; hostile names are text", "/pipeline", async (page) => {
    const box = panel(page, "Interfaces, last 24 hours");
    await box.getByText("61 % in, 100 % out").waitFor();
    await settled(page);
    const rows = await box.locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent)));
    assert.deepEqual(rows, [
        [`192.0.2.1 ${HOSTILE}`, `1 ${HOSTILE}`, "\u05d0 </td>", "5.00 Mbit/s", "1.00 kbit/s (13 %)", "2.00 Mbit/s (40 %)", "81 %", "61 % in, 100 % out"],
        [`192.0.2.1 ${HOSTILE}`, "2 ", "\u05d0 </td>", "", "1.00 kbit/s", "2.00 Mbit/s", "4.00 Mbit/s", ""],
    ]);
    for (const wrapped of await box.locator("bdi").evaluateAll((all) => all.map((one) => getComputedStyle(one).unicodeBidi))) assert.equal(wrapped, "isolate");
    assert.equal(await page.locator("img").count(), 0);
    assert.match(await box.innerText(), /A packet takes 38 bytes of the wire more/);
}, { prepare: answers_make });

drive("a store without exporters says what is missing", "/pipeline", async (page) => {
    await panel(page, "Interfaces, last 24 hours").getByText("exporterIPv4Address, ingressInterface and egressInterface").waitFor();
});
