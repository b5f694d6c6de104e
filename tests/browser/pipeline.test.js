// The pipeline's page: what was imported, rejected and lost; of the importer itself also what it does now.
import assert from "node:assert/strict";
import { browser_use, drive } from "./drive.js";
import { facts } from "./facts.js";
import { number_read, panel } from "./read.js";

browser_use();

const cells = (within) => within.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent)));

drive("the ledger, what was rejected and what was lost", "/pipeline", async (page) => {
    const [[consumer, , , imported, too_old, rejected, flows]] = await cells(panel(page, "Ledger"));
    assert.deepEqual([consumer, ...[imported, too_old, rejected, flows].map(number_read)], ["one", facts.imported, 0, facts.rejected, facts.flows]);
    assert.ok((await panel(page, "Rejected").innerText()).includes(`${facts.rejected} in total`));
    const [[source, what, lost]] = await cells(panel(page, "Losses, last 24 hours"));
    assert.deepEqual([source, what, lost], ["192.0.2.1/0", "flows", "120"]);
    assert.match(await panel(page, "Tables").innerText(), /flows_600/);
    await panel(page, "Retention").getByText("Everything is kept.").waitFor();
});

drive("what the importer does now; a server alone says where that is to be seen", "/pipeline", async (page, kind) => {
    const now = panel(page, "Now");
    if (kind === "sqlite") return now.getByText("This program does not import.").waitFor();
    const fact = async (name) => now.locator(`[data-fact="${name}"]`).textContent();
    assert.deepEqual([await fact("queue.connected"), await fact("queue.length"), await fact("queue.consumer")], ["yes", "0", "one"]);
    assert.match(await fact("queue.redis_problems"), /Redis writes nothing to disk .* Fix: redis-cli CONFIG SET appendonly yes/);
    const reasons = await cells(panel(page, "Rejected"));
    assert.equal(reasons.length, facts.rejected);
    assert.deepEqual(reasons.map(([, count]) => count), reasons.map(() => "1"));
    assert.ok(reasons.every(([, , meaning]) => meaning.length > 10));
    await panel(page, "Rejected").getByText("flowimport rejected retry").waitFor();
});
