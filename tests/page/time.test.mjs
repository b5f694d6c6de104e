// Moments and spans: read, shown and moved.
import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Europe/Berlin";
const {
    ago_text,
    moment_address,
    moment_read,
    moment_text,
    range_address,
    range_grow,
    range_move,
    range_read,
    span_text,
    ticks_text,
    zone_text,
} = await import("../../src/page/time.js");

const NOW = Date.UTC(2026, 10, 23, 18, 0, 0) / 1000;
const at = (...parts) => Date.UTC(...parts) / 1000;

test("moments as they are typed", () => {
    const cases = [
        ["now", NOW, NOW],
        ["-90m", NOW - 5400, NOW - 5400],
        ["-2w", NOW - 1209600, NOW - 1209600],
        ["-1s", NOW - 1, NOW - 1],
        ["2026-11-23T03:10Z", at(2026, 10, 23, 3, 10), at(2026, 10, 23, 3, 10)],
        ["2026-11-23", at(2026, 10, 23), at(2026, 10, 22, 23)],
        ["2026-11-23 03:10", at(2026, 10, 23, 3, 10), at(2026, 10, 23, 2, 10)],
        ["2026-07-01T03:10:05", at(2026, 6, 1, 3, 10, 5), at(2026, 6, 1, 1, 10, 5)],
        ["2024-02-29", at(2024, 1, 29), at(2024, 1, 28, 23)],
    ];
    for (const [text, utc, local] of cases) {
        assert.equal(moment_read(text, NOW, "utc"), utc, text);
        assert.equal(moment_read(text, NOW, "local"), local, text);
    }
    for (const text of [
        "",
        "yesterday",
        "2026-02-30",
        "2025-02-29",
        "2026-13-01",
        "2026-11-23T24:00",
        "2026-11-23T03:60",
        "2026-11-23T03",
        "1795371600",
        "-5",
        "-5y",
        "now ",
    ])
        assert.equal(moment_read(text, NOW, "utc"), null, text);
});

test("moments as they are shown, and in the address", () => {
    assert.equal(moment_text(NOW, "utc"), "2026-11-23 18:00");
    assert.equal(moment_text(NOW, "local"), "2026-11-23 19:00");
    assert.equal(moment_text(NOW + 7, "utc"), "2026-11-23 18:00:07");
    assert.equal(moment_address(NOW), "2026-11-23T18:00Z");
    // Whatever the zone, what is shown is read back, but for the hour that a clock shows twice.
    for (let moment = at(2026, 0, 1); moment < at(2027, 0, 1); moment += 13 * 3600 + 61)
        for (const zone of ["utc", "local"]) {
            const again = moment_read(moment_text(moment, zone), NOW, zone);
            assert.ok(
                again === moment ||
                    (zone === "local" &&
                        Math.abs(again - moment) === 3600 &&
                        moment_text(again, zone) === moment_text(moment, zone)),
            );
        }
});

test("the zone has a name and its distance from UTC", () => {
    assert.equal(zone_text("utc", NOW), "UTC");
    assert.equal(zone_text("local", NOW), "Europe/Berlin, UTC+01:00");
    assert.equal(zone_text("local", at(2026, 6, 1)), "Europe/Berlin, UTC+02:00");
});

test("labels of a time axis say the day where it changes", () => {
    const ticks = [22, 23, 24, 25].map((hour) => at(2026, 10, 22, hour));
    assert.deepEqual(ticks_text(ticks, 3600, "utc"), ["22:00\n2026-11-22", "23:00", "00:00\n2026-11-23", "01:00"]);
    assert.deepEqual(ticks_text(ticks, 3600, "local"), ["23:00\n2026-11-22", "00:00\n2026-11-23", "01:00", "02:00"]);
    assert.deepEqual(ticks_text([at(2026, 10, 22), at(2026, 10, 23)], 86400, "utc"), ["11-22\n2026", "11-23"]);
    assert.deepEqual(ticks_text([NOW, NOW + 10], 10, "utc"), ["18:00:00\n2026-11-23", "18:00:10"]);
});

test("spans", () => {
    for (const [seconds, text] of [
        [0, "0 s"],
        [59, "59 s"],
        [600, "10 min"],
        [5400, "1 h 30 min"],
        [86400, "1 d"],
        [90061, "1 d 1 h"],
    ])
        assert.equal(span_text(seconds), text);
    for (const [seconds, text] of [
        [0, "now"],
        [30, "30 s ago"],
        [200, "3 min ago"],
        [7200, "2 h ago"],
    ])
        assert.equal(ago_text(NOW - seconds, NOW), text);
});

test("ranges", () => {
    assert.deepEqual(range_read(["-1h", "now"], NOW, "utc"), { from: NOW - 3600, to: NOW });
    for (const ends of [
        ["now", "-1h"],
        ["now", "now"],
        ["x", "now"],
    ])
        assert.equal(range_read(ends, NOW, "utc"), null);
    assert.deepEqual(range_address(NOW - 3600, NOW), ["2026-11-23T17:00Z", "2026-11-23T18:00Z"]);
    const hour = { from: NOW - 7200, to: NOW - 3600 };
    assert.deepEqual(range_move(hour, -0.5, NOW), [NOW - 9000, NOW - 5400]);
    assert.deepEqual(range_move(hour, 0.5, NOW), [NOW - 5400, NOW - 1800]);
    assert.deepEqual(range_move(hour, 3, NOW), [NOW - 3600, NOW]);
    assert.deepEqual(range_move({ from: NOW - 3600, to: NOW }, 0.5, NOW), [NOW - 3600, NOW]);
    assert.deepEqual(range_grow(hour, 0.5, NOW), [NOW - 6300, NOW - 4500]);
    assert.deepEqual(range_grow(hour, 2, NOW), [NOW - 9000, NOW - 1800]);
    assert.deepEqual(range_grow({ from: NOW - 3600, to: NOW }, 2, NOW), [NOW - 7200, NOW]);
    assert.deepEqual(range_grow({ from: NOW - 40, to: NOW - 20 }, 0.5, NOW), [NOW - 60, NOW]);
});
