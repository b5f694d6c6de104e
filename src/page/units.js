// Amounts as people read them: SI prefixes, exact numbers with their digits in groups, shares and changes.

const PREFIXES = ["", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"];

// Three digits: 1.23 k, 12.3 k, 123 k; whole numbers below 1000.
function short_text(value, unit) {
    const sign = value < 0 ? "−" : "";
    let size = Math.abs(value);
    let prefix = 0;
    // 999.6 is 1.00 k, not 1000.
    while (size >= 999.5 && prefix < PREFIXES.length - 1) {
        size /= 1000;
        prefix++;
    }
    const digits = prefix === 0 && Number.isInteger(size) ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    const tail = PREFIXES[prefix] + unit;
    return sign + size.toFixed(digits) + (tail ? " " + tail : "");
}

// A bucket's largest sum is 2^63 - 1, which a JSON reader makes 2^63 of, or so many millionths. It means at least that
// much, and so may any larger sum, which may have such rows in it.
const SATURATED = 2 ** 63;
const is_saturated = (metric, value) => value >= (metric === "flows" ? SATURATED / 1e6 : SATURATED);

const AMOUNTS = { octets: "B", octetDeltaCount: "B" };
const RATES = {
    octets: "bit/s",
    octetDeltaCount: "bit/s",
    packets: "packets/s",
    packetDeltaCount: "packets/s",
    flows: "flows/s",
};
const NAMES = { octets: "Bytes", packets: "Packets", flows: "Flows" };

export const metric_title = (metric) => NAMES[metric] ?? metric;
// "12.3 MB", "12.3 k", "≥ 9.22 EB"
export const amount_text = (metric, value) =>
    (is_saturated(metric, value) ? "≥ " : "") + short_text(value, AMOUNTS[metric] ?? "");
// What an amount in `seconds` is as a rate: octets are told in bits.
export const rate_of = (metric, value, seconds) => (value * (AMOUNTS[metric] ? 8 : 1)) / seconds;
export const rate_text = (metric, rate) => short_text(rate, RATES[metric] ?? "/s");

// "1 234 567": every digit, to be read and compared; of larger numbers than 2^53 those that a number of JavaScript has
export function exact_text(value) {
    if (value === SATURATED) return "≥ 9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f807";
    const [whole, part] = (value < 1e21 ? String(value) : String(BigInt(value))).split(".");
    return (value > SATURATED ? "≥ " : "") + whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (part ? "." + part : "");
}

export function share_text(part, whole) {
    if (!whole) return "";
    const percent = (100 * part) / whole;
    return (percent > 0 && percent < 0.1 ? "<0.1" : percent.toFixed(percent < 9.95 ? 1 : 0)) + " %";
}

// "+12 %", "−3 %", "×4.2", "new", "gone"; "" where there was nothing and is nothing
export function change_text(value, before) {
    if (!before) return value ? "new" : "";
    if (!value) return "gone";
    const ratio = value / before;
    if (ratio >= 3) return `×${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)}`;
    const percent = Math.round((ratio - 1) * 100);
    return percent === 0 ? "±0 %" : (percent > 0 ? "+" : "−") + Math.abs(percent) + " %";
}
