// What an admin sees first: how much, of which protocols, whose.
import { empty_advice, loss_ask, points_of, query_ask } from "./ask.js";
import { chart_new } from "./chart.js";
import { make } from "./dom.js";
import { change_new, CLASS_COLOURS, groups_table } from "./groups.js";
import { panel_load, panel_new } from "./panel.js";
import { state_address, state_with } from "./state.js";
import { amount_text, exact_text, metric_title, rate_of, rate_text } from "./units.js";

const TOPS = [
    { slot: "hosts", title: "Hosts", group: ["host"] },
    { slot: "ports", title: "Ports", group: ["port"] },
    { slot: "conversations", title: "Conversations", group: ["src", "dst"] },
];

export function overview_open(page) {
    const series = panel_new("Traffic by protocol", { class: "panel wide" });
    const tiles = make("div", { class: "tiles", role: "group", "aria-label": "Totals" });
    const tops = TOPS.map((top) => ({ ...top, panel: panel_new(top.title) }));
    return {
        elements: [
            tiles,
            series.element,
            make(
                "div",
                { class: "columns" },
                tops.map(({ panel }) => panel.element),
            ),
        ],
        update(state) {
            panel_load(
                series,
                () => series_ask(page, state),
                ([answer, loss]) => series_show(page, state, tiles, answer, loss),
                () => empty_advice(page, state, make),
            );
            for (const { slot, panel, group } of tops) {
                const explore = state_address(state_with(state, { view: "explore", group }));
                panel.tools.replaceChildren(make("a", { href: explore, "data-key": slot }, "Explore"));
                panel_load(
                    panel,
                    () => query_ask(slot, page, state, { group: group.join(","), n: 10 }),
                    (answer) => {
                        page.see(group, answer.groups);
                        return answer.groups.length
                            ? groups_table(page, state, answer, {
                                  dimensions: group,
                                  metric: state.metric,
                                  brief: true,
                              })
                            : null;
                    },
                    () => [make("p", null, "No flows in this period.")],
                );
            }
        },
    };
}

async function series_ask(page, state) {
    const more = { group: "class", series: "yes", compare: "before", points: points_of(innerWidth) };
    const answers = await Promise.all([query_ask("series", page, state, more), loss_ask(page)]);
    return Object.assign(answers, { tables: answers[0].tables, rows: answers[0].rows, ms: answers[0].ms });
}

function series_show(page, state, tiles, answer, loss) {
    tiles.replaceChildren(...tiles_new(answer));
    if (!answer.total.flows && !answer.total.packets) return null;
    const colour = (group) => CLASS_COLOURS[group.key[0]] ?? "--c0";
    const lines = answer.groups.map((group, i) => ({
        label: group.key[0],
        colour: colour(group),
        values: answer.series[i],
    }));
    const chart = chart_new({
        ...answer,
        lines,
        metric: state.metric,
        zone: state.zone,
        now: page.now(),
        shape: "stacked",
        loss,
        height: 260,
        zoom: page.zoom,
    });
    return make(
        "div",
        { class: "beside" },
        chart,
        groups_table(page, state, answer, {
            dimensions: ["class"],
            metric: state.metric,
            brief: true,
            colours: colour,
        }),
    );
}

function tiles_new(answer) {
    const seconds = answer.to - answer.from;
    return ["octets", "packets", "flows"].map((metric) =>
        make(
            "div",
            { class: "tile" },
            make("h2", null, metric_title(metric)),
            make(
                "p",
                {
                    class: "amount",
                    title: exact_text(answer.total[metric]),
                    "data-value": answer.total[metric],
                    "data-metric": metric,
                },
                amount_text(metric, answer.total[metric]),
            ),
            make(
                "p",
                { class: "minor" },
                `Ø ${rate_text(metric, rate_of(metric, answer.total[metric], seconds))} `,
                answer.before
                    ? [change_new(answer.total[metric], answer.before[metric]), " compared with the previous period"]
                    : null,
            ),
        ),
    );
}
