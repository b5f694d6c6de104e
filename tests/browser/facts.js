// What the pages must show: the rows that SQL gives, added up once more, slow and obvious.
import { readFileSync } from "node:fs";

export const facts = JSON.parse(readFileSync(process.env.FLOWIMPORT_FACTS));
const FIELDS = ["bucket", "family", "src", "dst", "sport", "dport", "proto", "packets", "octets", "flows"];
export const METRICS = ["octets", "packets", "flows"];
const CLASSES = { 6: "tcp", 17: "udp", 1: "icmp", 58: "icmp" };
const HOUR = 3600;

export const rows = facts.rows.map((row) => Object.fromEntries(FIELDS.map((field, i) => [field, row[i]])));

// From the hour before the traffic begins to the last full hour; the seven hours before that have the other traffic.
export const [FROM, TO] = [facts.hour - 7 * HOUR, facts.hour];
export const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16) + "Z";
export const range = (from = FROM, to = TO) => `t=${moment(from)}..${moment(to)}`;

// The values that a row has of a dimension: one, or of the either-side ones two.
export function values_of(row, dimension) {
    if (dimension === "host") return [row.src, row.dst];
    if (dimension === "port") return [row.sport, row.dport].map(String);
    if (dimension === "class") return [CLASSES[row.proto] ?? "other"];
    return [String(row[dimension])];
}

// Rows of the time for which `keep` holds.
export const rows_in = (from = FROM, to = TO, keep = () => true) =>
    rows.filter((row) => row.bucket >= from && row.bucket < to && keep(row));

const nothing = () => ({ octets: 0, packets: 0, flows: 0 });

function add(sums, row) {
    for (const metric of METRICS) sums[metric] += row[metric];
}

// Flows are kept in millionths.
const whole = (sums) => ({ ...sums, flows: sums.flows / 1e6 });

export function total(some) {
    const sums = nothing();
    for (const row of some) add(sums, row);
    return whole(sums);
}

// [{key: [...], octets, packets, flows}], the greatest of the metric first
export function groups(some, dimensions, metric = "octets") {
    const found = new Map();
    for (const row of some) {
        let keys = [[]];
        for (const dimension of dimensions) keys = keys.flatMap((key) => values_of(row, dimension).map((value) => [...key, value]));
        for (const key of keys) {
            const name = key.join("\n");
            if (!found.has(name)) found.set(name, { key, ...nothing() });
            add(found.get(name), row);
        }
    }
    return [...found.values()].map(whole).sort((a, b) => b[metric] - a[metric] || (a.key.join() < b.key.join() ? -1 : 1));
}

// The sum in each step of the time.
export function series(some, times, step, metric = "octets") {
    const sums = times.map(() => 0);
    for (const row of some) sums[times.findIndex((time) => row.bucket >= time && row.bucket < time + step)] += row[metric];
    return metric === "flows" ? sums.map((sum) => sum / 1e6) : sums;
}

// A change as a person reads it.
export function change(value, before) {
    if (!before) return value ? "new" : "";
    if (!value) return "gone";
    const ratio = value / before;
    if (ratio >= 3) return `×${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)}`;
    const percent = Math.round((ratio - 1) * 100);
    return percent === 0 ? "±0 %" : (percent > 0 ? "+" : "−") + Math.abs(percent) + " %";
}
