// How the flows come in: queue, import, what is rejected and lost, what is kept, and who has imported how much.
import { api_get, clock_now } from "./api.js";
import { make } from "./dom.js";
import { exporter_faults } from "./faults.js";
import { links_notes, links_table } from "./links.js";
import { panel_load, panel_new } from "./panel.js";
import { ago_text, moment_text, span_text } from "./time.js";
import { amount_text, exact_text } from "./units.js";

// What makes an entry one that is rejected, and what to do.
const REASONS = {
    "not-json": "The entry is not JSON: check what the producer sends.",
    "not-an-object": 'JSON, but not an object: a flow is {"name": value, …}.',
    "missing-field": "Start, end or a field of aggr_sums is missing.",
    "wrong-type": "A value has the wrong type for its information element.",
    "out-of-range": "A number is too large for its information element.",
    "mixed-families": "IPv4 and IPv6 addresses in one flow.",
    "ends-before-start": "The flow ends before it starts: a clock was set back.",
    "too-long": "The flow lasts longer than max_flow_duration.",
    "in-future": "The flow is too far in the future: check the producer's clock.",
    "too-large": "A counter is larger than one flow can claim: max_flow_octets, max_flow_packets.",
    "too-big": "The entry has more than 1 MiB; only its head was read.",
};

const yes = (value) => (value ? "yes" : "no");
const bytes = (value) => amount_text("octets", value);
const count = (value) => exact_text(value);

// [title, what of the status, how it is written]; what is not there is left out
const FACTS = {
    queue: [
        ["Connected", "connected", yes],
        ["Waiting entries", "length", count],
        ["Claims", "claims", count],
        ["Rejected entries kept", "rejected_length", count],
        ["Taken", "taken_total", count],
        ["Connections lost", "losses_total", count],
        ["Last loss", "last_loss", String],
        ["Consumer", "consumer", String],
        ["List", "name", String],
        ["Redis", "url", String],
        [
            "Settings of Redis that can lose entries",
            "redis_problems",
            (value) => value.split("\n").map((line) => make("div", { class: "wrap" }, line)),
        ],
    ],
    import: [
        [
            "Last commit",
            "last_commit_timestamp_seconds",
            (value) => (value ? ago_text(value, clock_now()) : "none yet"),
        ],
        ["Entries not yet committed", "uncommitted_entries", count],
        ["Lag", "lag_seconds", span_text],
        ["Flush interval", "flush_interval_seconds", span_text],
        ["Rows in memory", "cache_rows", count],
        ["Memory used", "cache_bytes", bytes],
        ["Memory limit", "cache_limit_bytes", bytes],
        ["Unknown names", "unknown_names_total", count],
        ["Mostly refused", "refusals", String],
    ],
    store: [
        ["Connected", "up", yes],
        ["Transactions", "transactions_total", count],
        ["Rows written", "rows_total", count],
        ["Last flush", "last_flush_duration_seconds", (value) => `${(value * 1000).toFixed(0)} ms`],
        ["Failures", "failures_total", count],
        ["Last failure", "last_failure", String],
        ["Store", "url", String],
    ],
    collector: [
        ["Exporters", "exporters", count],
        ["Messages", "messages_total", count],
        ["Flows", "flows_total", count],
        ["Templates", "templates_total", count],
        ["Sets that wait for their template", "held_sets", count],
        ["Malformed", "malformed_total", count],
        ["Of exporters not allowed", "refused_messages_total", count],
        ["Exporters with a wrong clock", "wrong_clocks", count],
        ["Discarded for lack of memory", "evicted_total", count],
    ],
    capture: [
        ["Interface", "interface", String],
        ["Up", "up", yes],
        ["Frames", "frames_total", count],
        ["Dropped by the kernel", "kernel_dropped_total", count],
        ["Dropped by the interface", "interface_dropped_total", count],
    ],
    producer: [
        ["Connected", "connected", yes],
        ["Pushed", "pushed_total", count],
        ["Waiting in memory", "memory_entries", count],
        ["Waiting on disk", "spool_entries", count],
        ["Paused (queue full)", "held", yes],
    ],
};
const LIVE = [
    ["queue", "Queue"],
    ["import", "Import"],
    ["store", "Store"],
    ["collector", "Exporters"],
    ["capture", "Capture"],
    ["producer", "To the queue"],
];

export function pipeline_open(page) {
    const live = panel_new("Now", { class: "panel wide" });
    const rejects = panel_new("Rejected");
    const loss = panel_new("Losses, last 24 hours");
    const exporters = panel_new("Exporters");
    const links = panel_new("Interfaces, last 24 hours", { class: "panel wide" });
    const stored = Object.fromEntries(
        [
            ["ledger", "Ledger"],
            ["retention", "Retention"],
            ["tables", "Tables"],
        ].map(([name, title]) => [name, panel_new(title)]),
    );
    return {
        elements: [
            live.element,
            links.element,
            make(
                "div",
                { class: "columns two" },
                rejects.element,
                loss.element,
                exporters.element,
                stored.ledger.element,
                stored.retention.element,
                stored.tables.element,
            ),
        ],
        update(state) {
            const status = api_get("status", "/status");
            const pipeline = api_get("pipeline", "/api/pipeline");
            panel_load(
                live,
                () => status,
                (answer) => live_show(answer, state.zone),
                () => [
                    make("p", null, make("strong", null, "This program does not import.")),
                    make(
                        "p",
                        null,
                        "It shows the store. Queue, claims and exporters are on flowimportd's page.",
                    ),
                ],
            );
            panel_load(
                rejects,
                () => Promise.all([status, pipeline]),
                ([now, past]) => rejects_show(now, past),
                () => [make("p", null, "No entry has been rejected.")],
            );
            panel_load(
                loss,
                () => api_get("losses", "/api/loss", { from: clock_now() - 86400, to: clock_now() }),
                (answer) => loss_show(answer, state.zone),
                () => [make("p", null, "No known losses.")],
            );
            panel_load(
                exporters,
                () => status,
                (answer) => exporters_show(answer, state.zone),
                () => [make("p", null, "No exporters. flowimportd receives NetFlow, IPFIX and sFlow on [collector] listen.")],
            );
            panel_load(
                links,
                () => links_ask(page),
                (answer) => links_show(answer, state.zone),
                () => [
                    make(
                        "p",
                        null,
                        "Nothing is known of interfaces. They are shown if exporterIPv4Address, ingressInterface and egressInterface are among aggr_values.",
                    ),
                ],
            );
            for (const [name, show] of [
                ["ledger", ledger_show],
                ["retention", retention_show],
                ["tables", tables_show],
            ])
                panel_load(
                    stored[name],
                    () => pipeline,
                    (answer) => show(answer, state.zone),
                    () => [make("p", null, "Nothing yet.")],
                );
        },
    };
}

const table_new = (heads, rows) =>
    make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": heads[0][0] },
        make(
            "table",
            null,
            make(
                "thead",
                null,
                make(
                    "tr",
                    null,
                    heads.map(([text, number]) => make("th", { scope: "col", class: number && "number" }, text)),
                ),
            ),
            make(
                "tbody",
                null,
                rows.map((row) =>
                    make(
                        "tr",
                        null,
                        row.map((cell, i) =>
                            make(i ? "td" : "th", { scope: i ? null : "row", class: heads[i][1] && "number" }, cell),
                        ),
                    ),
                ),
            ),
        ),
    );

function live_show(answer, zone) {
    const parts = LIVE.filter(([name]) => answer[name] && FACTS[name]);
    if (!answer.import && !answer.collector && !answer.capture) return null;
    return make(
        "div",
        { class: "facts" },
        parts.map(([name, title]) =>
            make(
                "section",
                null,
                make("h3", null, title),
                make(
                    "dl",
                    null,
                    FACTS[name]
                        .filter(([, key]) => answer[name][key] !== undefined && answer[name][key] !== null)
                        .map(([text, key, write]) => [
                            make("dt", null, text),
                            make("dd", { "data-fact": `${name}.${key}` }, write(answer[name][key], zone)),
                        ]),
                ),
            ),
        ),
    );
}

function rejects_show(now, past) {
    const reasons = Object.entries(now.import?.rejected_total ?? {}).filter(([, number]) => number);
    const all = past.ledger.reduce((sum, { rejected }) => sum + rejected, 0);
    if (!reasons.length && !all && !now.queue?.rejected_length) return null;
    return [
        reasons.length
            ? table_new(
                  [["Reason"], ["Since start", true], ["Meaning"]],
                  reasons
                      .sort((a, b) => b[1] - a[1])
                      .map(([reason, number]) => [
                          reason,
                          exact_text(number),
                          make("span", { class: "wrap" }, REASONS[reason] ?? ""),
                      ]),
              )
            : null,
        make(
            "p",
            null,
            `${exact_text(all)} in total` +
                (now.queue ? `, ${exact_text(now.queue.rejected_length)} of them kept.` : "."),
        ),
        now.queue?.rejected_length
            ? make(
                  "p",
                  null,
                  make("code", null, "flowimport rejected list"),
                  " shows them. Fix the producer, then run ",
                  make("code", null, "flowimport rejected retry"),
                  " to put them back on the queue.",
              )
            : null,
    ].filter(Boolean);
}

function loss_show({ loss, gaps }, zone) {
    if (!loss.length && !gaps.length) return null;
    const sums = new Map();
    for (const { bucket, source, what, lost } of loss) {
        const entry = sums.get(source + what) ?? { source, what, lost: 0, last: 0 };
        sums.set(source + what, { ...entry, lost: entry.lost + lost, last: Math.max(entry.last, bucket) });
    }
    return [
        loss.length
            ? table_new(
                  [["Source"], ["What"], ["Lost", true], ["Last"]],
                  [...sums.values()]
                      .sort((a, b) => b.lost - a.lost)
                      .map(({ source, what, lost, last }) => [source, what, exact_text(lost), moment_text(last, zone)]),
              )
            : null,
        ...gaps
            .slice(-10)
            .map(({ from, to }) =>
                make(
                    "p",
                    null,
                    `No data from ${moment_text(from, zone)} to ${moment_text(to, zone)}, ${span_text(to - from)}.`,
                ),
            ),
    ].filter(Boolean);
}

function exporters_show({ collector }, zone) {
    const names = Object.keys(collector?.exporter_messages_total ?? {});
    if (!names.length) return null;
    return table_new(
        [["Exporter"], ["Messages", true], ["Records", true], ["Lost", true], ["Last heard"], ["What is wrong"]],
        names.map((name) => {
            const heard = collector.exporter_heard_timestamp_seconds[name];
            return [
                name,
                ...["messages", "records", "lost"].map((what) => exact_text(collector[`exporter_${what}_total`][name])),
                make("span", { title: moment_text(heard, zone) }, ago_text(heard, clock_now())),
                make(
                    "span",
                    null,
                    ...exporter_faults(collector, name).map(({ word, meaning }, i) =>
                        make("span", { title: meaning }, `${i ? ", " : ""}${word}`),
                    ),
                ),
            ];
        }),
    );
}

async function links_ask(page) {
    const has = (...names) => names.some((name) => page.dimension(name));
    if (!has("exporter", "exporter6") || !has("in") || !has("out")) return null;
    return api_get("links", "/api/links", { from: clock_now() - 86400, to: clock_now() });
}

function links_show(answer, zone) {
    const table = links_table(answer);
    if (!table) return null;
    return [
        table_new(table.heads, table.rows),
        ...links_notes(answer, zone).map((text) => make("p", { class: "minor" }, text)),
    ];
}

function ledger_show({ ledger }, zone) {
    if (!ledger.length) return null;
    return table_new(
        [
            ["Consumer"],
            ["Last commit"],
            ["Commits", true],
            ["Imported", true],
            ["Too old", true],
            ["Rejected", true],
            ["Flows", true],
        ],
        ledger.map((row) => [
            row.consumer,
            make("span", { title: moment_text(row.last_commit, zone) }, ago_text(row.last_commit, clock_now())),
            ...[row.generations, row.imported, row.too_old, row.rejected, row.flows].map(exact_text),
        ]),
    );
}

function retention_show({ retention }, zone) {
    const { keep, max_size, last } = retention;
    return [
        keep.length
            ? table_new(
                  [["Bucket size"], ["Kept for", true]],
                  keep.map(({ size, seconds }) => [span_text(size), seconds ? span_text(seconds) : "ever"]),
              )
            : make("p", null, "Everything is kept. [retention] keep = 600=30d would drop older buckets."),
        max_size ? make("p", null, `Maximum size of the tables: ${bytes(max_size)}.`) : null,
        make(
            "p",
            { class: "minor" },
            last
                ? `Last run ${ago_text(last.at, clock_now())} (${moment_text(last.at, zone)})` +
                      (last.failed ? "; it failed: flowimport retention status says why." : ".")
                : "Retention has not run yet.",
        ),
    ].filter(Boolean);
}

function tables_show({ tables }) {
    if (!tables.length) return null;
    const known = tables.some(({ rows }) => rows !== null && rows !== undefined);
    const shown = [...tables].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
    if (!known) return make("p", { class: "wrap" }, shown.map(({ name }) => name).join(", "));
    return table_new(
        [["Table"], ["Rows (approx.)", true], ["Size", true]],
        shown.map(({ name, rows, bytes: size }) => [
            name,
            rows === null ? "" : amount_text("", rows),
            size === null ? "" : bytes(size),
        ]),
    );
}
