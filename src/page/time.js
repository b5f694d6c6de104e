// Moments and spans: read from what is typed, and shown in a zone that is named. Seconds since 1970, as in the API; the
// present is handed in.

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const pad = (number, digits = 2) => String(number).padStart(digits, "0");

// Seconds, or null. What has no Z is in `zone`, "local" or "utc".
export function moment_read(text, now, zone) {
    if (text === "now") return now;
    const back = /^-(\d{1,6})([smhdw])$/.exec(text);
    if (back) return now - back[1] * UNITS[back[2]];
    const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z)?)?$/.exec(text);
    if (!parts) return null;
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => +(part ?? 0));
    const utc = Date.UTC(year, month - 1, day, hour, minute, second);
    const plain = new Date(utc);
    // 2026-02-30 and 25:00 would roll over into another day.
    if (plain.getUTCMonth() !== month - 1 || plain.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
        return null;
    const local = zone !== "utc" && !parts[7];
    return Math.floor((local ? new Date(year, month - 1, day, hour, minute, second).getTime() : utc) / 1000);
}

// The parts of a moment as a clock on the wall of the zone shows them.
function clock_parts(seconds, zone) {
    const date = new Date(seconds * 1000);
    const shift = zone === "utc" ? 0 : date.getTimezoneOffset() * 60000;
    const text = new Date(date.getTime() - shift).toISOString();
    return { day: text.slice(0, 10), minute: text.slice(11, 16), second: text.slice(17, 19) };
}

// "2026-11-23 03:10", with seconds where they are not 0.
export function moment_text(seconds, zone) {
    const { day, minute, second } = clock_parts(seconds, zone);
    return `${day} ${minute}${second === "00" ? "" : ":" + second}`;
}

// What stands in the address: always UTC, so that it means the same to everybody.
export const moment_address = (seconds) => moment_text(seconds, "utc").replace(" ", "T") + "Z";

// Labels of a time axis whose ticks are `step` apart: the day stands below the first tick and where it changes.
export function ticks_text(ticks, step, zone) {
    let last = "";
    return ticks.map((tick) => {
        const { day, minute, second } = clock_parts(tick, zone);
        const changed = day !== last;
        last = day;
        if (step >= UNITS.d) return day.slice(5) + (tick === ticks[0] ? "\n" + day.slice(0, 4) : "");
        return (step >= UNITS.m ? minute : `${minute}:${second}`) + (changed ? "\n" + day : "");
    });
}

// "10 min", "1 h 30 min", "7 d"
export function span_text(seconds) {
    const names = [
        ["d", 86400],
        ["h", 3600],
        ["min", 60],
        ["s", 1],
    ];
    const parts = [];
    for (const [name, size] of names) {
        const count = Math.floor(seconds / size);
        if (count) parts.push(`${count} ${name}`);
        seconds -= count * size;
    }
    return parts.slice(0, 2).join(" ") || "0 s";
}

// "3 min ago"
export const ago_text = (seconds, now) =>
    now - seconds < 1 ? "now" : span_text(now - seconds).replace(/ \d+ s$/, "") + " ago";

// "Europe/Berlin, UTC+01:00" at that moment
export function zone_text(zone, seconds) {
    if (zone === "utc") return "UTC";
    const east = -new Date(seconds * 1000).getTimezoneOffset();
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "local";
    if (!east) return name === "UTC" ? "UTC" : `${name}, UTC`;
    return `${name}, UTC${east < 0 ? "−" : "+"}${pad(Math.floor(Math.abs(east) / 60))}:${pad(Math.abs(east) % 60)}`;
}

// The two ends of a range in seconds, or null; `to` is later than `from`.
export function range_read([from_text, to_text], now, zone) {
    const [from, to] = [moment_read(from_text, now, zone), moment_read(to_text, now, zone)];
    return from !== null && to !== null && from < to ? { from, to } : null;
}

// The range in the address' words. A range up to now that stays so goes on with time.
export const range_address = (from, to) => [moment_address(Math.floor(from)), moment_address(Math.ceil(to))];

// Moved by `share` of its length, grown by `factor` around its middle; never beyond now, but for what ended there.
export function range_move({ from, to }, share, now) {
    const shift = Math.round((to - from) * share);
    const excess = Math.max(0, to + shift - Math.max(now, to));
    return [from + shift - excess, to + shift - excess];
}

export function range_grow({ from, to }, factor, now) {
    const [middle, half] = [(from + to) / 2, Math.max(30, ((to - from) * factor) / 2)];
    const end = Math.min(Math.round(middle + half), Math.max(now, to));
    return [Math.max(0, end - Math.round(2 * half)), end];
}
