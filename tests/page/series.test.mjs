// Series on their way to a chart: rates, stacks, gaps and losses.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    losses_by_bucket,
    losses_total,
    series_peak,
    series_points,
    series_stack,
    step_seconds,
    steps_unknown,
} from "../../src/page/series.js";

const spec = { times: [600, 1200, 1800, 2400], step: 600, from: 900, to: 2700 };
const lines = [{ values: [3, 6, 0, 9] }, { values: [6, 0, 0, 3] }];

test("a step at the end of the time counts for the part that lies in it", () => {
    assert.deepEqual(
        spec.times.map((time, i) => step_seconds(spec, i)),
        [300, 600, 600, 300],
    );
});

test("points: each value holds to the next moment, the last one before a gap and of all to its end", () => {
    const unknown = steps_unknown(spec.times, 600, [{ from: 1800, to: 2400 }]);
    assert.deepEqual(unknown, [false, false, true, false]);
    assert.deepEqual(steps_unknown(spec.times, 600, [{ from: 1800, to: 2390 }]), [false, false, false, false]);
    assert.deepEqual(series_points(spec, lines, "packets", unknown), [
        [600, 1200, 1799.999, 1800, 2400, 3000],
        [0.01, 0.01, 0.01, null, 0.03, 0.03],
        [0.02, 0, 0, null, 0.01, 0.01],
    ]);
    // What is from another time isn't unknown because ours is.
    assert.deepEqual(
        series_points(spec, [{ values: [3, 6, 6, 9], dashed: true }], "packets", unknown)[1],
        [0.01, 0.01, 0.01, 0.01, 0.03, 0.03],
    );
    assert.deepEqual(series_points({ ...spec, times: [] }, lines, "packets", []), [[], [], []]);
});

test("stacks", () => {
    assert.deepEqual(
        series_stack([
            [1, 2, null],
            [10, 20, null],
            [100, 0, null],
        ]),
        [
            [1, 2, null],
            [11, 22, null],
            [111, 22, null],
        ],
    );
});

test("losses by bucket and in all", () => {
    const losses = [
        { bucket: 600, source: "a", what: "flows", lost: 3 },
        { bucket: 0, source: "a", what: "flows", lost: 1 },
        { bucket: 600, source: "b", what: "flows", lost: 4 },
        { bucket: 600, source: "b", what: "datagrams", lost: 2 },
    ];
    const buckets = losses_by_bucket(losses, 600);
    assert.deepEqual(buckets, [
        { from: 0, to: 600, lost: { flows: 1 } },
        { from: 600, to: 1200, lost: { flows: 7, datagrams: 2 } },
    ]);
    assert.deepEqual(losses_total(buckets), { flows: 8, datagrams: 2 });
});

test("the peak is the step with the greatest rate, not the greatest sum", () => {
    assert.deepEqual(series_peak(spec, [{ values: [8, 10, 0, 0] }], "packets"), { at: 600, rate: 8 / 300 });
    assert.equal(series_peak({ ...spec, times: [] }, lines, "packets"), null);
});
