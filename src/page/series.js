// Series on their way to a chart: sums per bucket into rates, stacks, and breaks where there is no data.
import { rate_of } from "./units.js";

// Which steps lie whole in a gap: there nothing is known, which is not the same as nothing.
export const steps_unknown = (times, step, gaps) =>
    times.map((time) => gaps.some(({ from, to }) => from <= time && time + step <= to));

// The seconds of a step that lie in the answer's time: those at its ends may reach beyond.
export const step_seconds = ({ times, step, from, to }, i) =>
    Math.max(1, Math.min(times[i] + step, to) - Math.max(times[i], from));

// Points to be drawn as steps: [moments, rates of the first line, ...]; null where unknown. A value holds up to the
// next moment, so the last one before nothing is known, and the last of all, stand a second time, at their end.
export function series_points(spec, lines, metric, unknown) {
    const { times, step } = spec;
    const points = [[], ...lines.map(() => [])];
    const put = (moment, i) => {
        points[0].push(moment);
        lines.forEach(({ values, dashed }, k) =>
            points[k + 1].push(unknown[i] && !dashed ? null : rate_of(metric, values[i], step_seconds(spec, i))),
        );
    };
    times.forEach((time, i) => {
        if (unknown[i] && i && !unknown[i - 1]) put(time - 0.001, i - 1);
        put(time, i);
    });
    if (times.length) put(times.at(-1) + step, times.length - 1);
    return points;
}

// Each on top of those before it.
export function series_stack(rates) {
    const sums = [];
    return rates.map((line) => line.map((rate, i) => (rate === null ? null : (sums[i] = (sums[i] ?? 0) + rate))));
}

// Losses by bucket, added up over their sources: [{from, to, lost: {flows: 3}}]
export function losses_by_bucket(losses, size) {
    const buckets = new Map();
    for (const { bucket, what, lost } of losses) {
        const entry = buckets.get(bucket) ?? { from: bucket, to: bucket + size, lost: {} };
        entry.lost[what] = (entry.lost[what] ?? 0) + lost;
        buckets.set(bucket, entry);
    }
    return [...buckets.values()].sort((a, b) => a.from - b.from);
}

export function losses_total(buckets) {
    const total = {};
    for (const { lost } of buckets)
        for (const [what, count] of Object.entries(lost)) total[what] = (total[what] ?? 0) + count;
    return total;
}

// The step with the greatest rate over all lines: {at, rate}, or null without one.
export function series_peak(spec, lines, metric) {
    let peak = null;
    spec.times.forEach((at, i) => {
        const sum = lines.reduce((total, { values }) => total + values[i], 0);
        const rate = rate_of(metric, sum, step_seconds(spec, i));
        if (!peak || rate > peak.rate) peak = { at, rate };
    });
    return peak;
}
