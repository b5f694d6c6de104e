// How full the interfaces of exporters are, and how much of what they count their flows show.
import { make } from "./dom.js";
import { moment_text } from "./time.js";
import { rate_text } from "./units.js";

const SOURCES = { file: "by the files of names", options: "reported by the exporter", sflow: "reported by sFlow" };
const WAYS = ["in", "out"];
const percent_text = (percent) => (percent === null ? "" : `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`);

// What a device says of itself is anybody's text: it turns nothing around but itself.
const text_new = (text, source) => make("bdi", { title: SOURCES[source] ?? null }, text);

// "61 % in, 60 % out": of what the interface has counted itself.
export function coverage_text(link) {
    const told = WAYS.filter((way) => link[way].coverage !== null);
    return told.map((way) => `${percent_text(link[way].coverage)} ${way}`).join(", ");
}

// Far less than all: packets are sampled and not scaled, or flows are lost; far more: they are reported twice.
export const coverage_is_odd = (link) =>
    WAYS.some((way) => link[way].coverage !== null && (link[way].coverage < 80 || link[way].coverage > 120));

const rate_cell = ({ bits, use, peak_bits, peak_use }) =>
    make(
        "span",
        { title: `at most ${rate_text("octets", peak_bits)}${peak_use === null ? "" : `, ${percent_text(peak_use)}`}` },
        rate_text("octets", bits),
        use === null ? "" : ` (${percent_text(use)})`,
    );

const busiest_text = (link) => {
    const most = WAYS.map((way) => link[way]).reduce((a, b) => (b.peak_bits > a.peak_bits ? b : a));
    return most.peak_use === null ? rate_text("octets", most.peak_bits) : percent_text(most.peak_use);
};

// Heads and rows of a table; null: there are none.
export function links_table(answer) {
    if (!answer?.links.length) return null;
    return {
        heads: [
            ["Exporter"],
            ["Interface"],
            ["Description"],
            ["Speed", true],
            ["In", true],
            ["Out", true],
            ["Busiest", true],
            ["Flows show", true],
        ],
        rows: answer.links.map((link) => [
            text_new(link.exporter_name ? `${link.exporter} ${link.exporter_name}` : link.exporter),
            make("span", null, `${link.index} `, text_new(link.name, link.name_source)),
            make("span", { class: "wrap" }, text_new(link.description, link.description_source)),
            make("span", { title: SOURCES[link.speed_source] ?? null }, link.speed ? rate_text("octets", link.speed) : ""),
            rate_cell(link.in),
            rate_cell(link.out),
            busiest_text(link),
            make("span", { class: coverage_is_odd(link) ? "mistake" : null }, coverage_text(link)),
        ]),
    };
}

// What the figures mean, in a sentence or two.
export function links_notes(answer, zone) {
    const notes = [
        "A packet takes 38 bytes of the wire more than its flow counts: Ethernet's header, checksum, preamble and gap.",
    ];
    if (answer.hour)
        notes.push(
            `Flows show: bytes of flows, with 18 a packet for the frame, of those that the interface counted in the hour from ${moment_text(answer.hour, zone)}. ` +
                "Much less than 100 % are flows that are sampled without a known rate, or lost; more is reported twice.",
        );
    if (answer.more) notes.push("More interfaces: /api/links?n=1000.");
    return notes;
}
