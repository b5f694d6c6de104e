// What is wrong with an exporter, by the counters of /status.
import assert from "node:assert/strict";
import { test } from "node:test";

import { exporter_faults } from "../../src/page/faults.js";

const NAME = "192.0.2.1/0";
const words = (members) =>
    exporter_faults(
        { exporter_messages_total: { [NAME]: 1000 }, exporter_records_total: { [NAME]: 20000 }, ...members },
        NAME,
    ).map(({ word }) => word);

test("a hundredth is wrong, less is not", () => {
    assert.deepEqual(words({}), []);
    assert.deepEqual(words({ exporter_malformed_total: { [NAME]: 9 } }), []);
    assert.deepEqual(words({ exporter_malformed_total: { [NAME]: 10 } }), ["malformed"]);
    assert.deepEqual(words({ exporter_malformed_total: { "192.0.2.2/0": 10 } }), []);
    assert.deepEqual(words({ exporter_times_unset_total: { [NAME]: 199 }, exporter_lost_total: { [NAME]: 200 } }), [
        "loss",
    ]);
});

test("clocks and templates", () => {
    assert.deepEqual(words({ exporter_clock_wrong_seconds: { [NAME]: 1 } }), ["clock"]);
    const found = exporter_faults(
        {
            uncounted_records_total: {
                [`${NAME} template 256: no octets and no packets`]: 3,
                "192.0.2.1/01 template 257: no octets and no packets": 4,
            },
        },
        NAME,
    );
    assert.deepEqual(found, [
        { word: "not counted", meaning: "3 records of template 256: no octets and no packets" },
    ]);
});
