// The groups of an answer as a table: bar, amount, share and change of each, then the others and all.
import { make } from "./dom.js";
import { amount_text, change_text, exact_text, metric_title, share_text } from "./units.js";
import { value_new } from "./value.js";

export const PALETTE = 12;
export const colour_of = (index) => `--c${(index % PALETTE) + 1}`;
export const CLASS_COLOURS = { tcp: "--c1", udp: "--c2", icmp: "--c3", other: "--c0" };

// spec: dimensions; metric; colours, whether the rows are the legend of a chart; brief: amount and share alone
export function groups_table(page, state, answer, spec) {
    const { dimensions, metric } = spec;
    const most = Math.max(...answer.groups.map((group) => group[metric]), 0) || 1;
    const whole = answer.total[metric];
    const different = ["peers", "ports", "hosts"].includes(answer.metric) ? answer.metric : null;
    const compared = answer.before !== null && answer.before !== undefined;
    const others = ["octets", "packets", "flows"].filter(
        (other) => other !== metric && answer.total[other] !== undefined,
    );
    // Two addresses leave no room for all of it.
    const shared = !(compared && spec.brief && dimensions.length > 1);
    const amounts = (sums, before) => [
        make("td", { class: "number", title: exact_text(sums[metric]) }, amount_text(metric, sums[metric])),
        shared && make("td", { class: "number" }, share_text(sums[metric], whole)),
        compared && make("td", { class: "number" }, before ? change_new(sums[metric], before[metric]) : ""),
        spec.brief
            ? null
            : others.map((other) =>
                  make(
                      "td",
                      { class: "number minor", title: exact_text(sums[other]) },
                      amount_text(other, sums[other]),
                  ),
              ),
    ];
    const bar = !(spec.brief && dimensions.length > 1);
    const row = (group, index) =>
        make(
            "tr",
            null,
            dimensions.map((dimension, i) =>
                make(
                    i ? "td" : "th",
                    { scope: i ? null : "row", class: "key" },
                    i === 0 && spec.colours
                        ? make("span", { class: "swatch", style: { background: `var(${spec.colours(group, index)})` } })
                        : null,
                    value_new(page, state, dimension, group.key[i], group.name?.[i], group.source?.[i]),
                ),
            ),
            different &&
                make(
                    "td",
                    { class: "number", title: exact_text(group[different]) },
                    (answer.partial ? "≥ " : "") + amount_text(different, group[different]),
                ),
            bar &&
                make(
                    "td",
                    { class: "bar" },
                    make("span", {
                        style: {
                            width: `${(100 * group[metric]) / most}%`,
                            background: spec.colours ? `var(${spec.colours(group, index)})` : "var(--bar)",
                        },
                    }),
                ),
            amounts(group, compared ? (group.before ?? {}) : null),
        );
    const sum_row = (title, sums, before, swatch) =>
        make(
            "tr",
            { class: "sum" },
            make(
                "th",
                { scope: "row", colspan: dimensions.length },
                swatch ? make("span", { class: "swatch", style: { background: "var(--c0)" } }) : null,
                title,
            ),
            different && make("td"),
            bar && make("td", { class: "bar" }),
            amounts(sums, before),
        );
    const head = (text, number) => make("th", { scope: "col", class: number ? "number" : null }, text);
    return make(
        "div",
        { class: "scroll" },
        make(
            "table",
            { class: spec.brief ? "groups brief" : "groups" },
            make(
                "thead",
                null,
                make(
                    "tr",
                    null,
                    dimensions.map((dimension) => head(page.title(dimension))),
                    different && head(`Different ${different}`, true),
                    bar && make("td", { class: "bar" }),
                    head(metric_title(metric), true),
                    shared && head("Share", true),
                    compared && head("Change", true),
                    spec.brief ? null : others.map((other) => head(metric_title(other), true)),
                ),
            ),
            make(
                "tbody",
                null,
                answer.groups.map(row),
                answer.others && answer.others[metric] ? sum_row("Others", answer.others, null, spec.colours) : null,
                spec.brief ? null : sum_row("All", answer.total, compared ? answer.before : null),
            ),
        ),
    );
}

export function change_new(value, before) {
    const text = change_text(value, before);
    const way = text.startsWith("−") || text === "gone" ? "down" : text && !text.startsWith("±") ? "up" : "";
    return make(
        "span",
        { class: `change ${way}`, title: before === undefined ? null : `before: ${exact_text(before)}` },
        text,
    );
}
