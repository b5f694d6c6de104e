// Any question: grouped by one or two things, as areas, lines, heat map, table, Sankey diagram or matrix.
import { empty_advice, loss_ask, points_of, query_ask, query_parameters } from "./ask.js";
import { api_address } from "./api.js";
import { chart_new } from "./chart.js";
import { choice_new, controls_show, input_new, make, select_new } from "./dom.js";
import { colour_of, groups_table } from "./groups.js";
import { heat_new } from "./heat.js";
import { matrix_new } from "./matrix.js";
import { panel_load, panel_new } from "./panel.js";
import { sankey_new } from "./sankey.js";
import { group_text } from "./value.js";

const KINDS = [
    ["stacked", "Stacked"],
    ["lines", "Lines"],
    ["heat", "Heat map"],
    ["table", "Table"],
    ["sankey", "Sankey"],
    ["matrix", "Matrix"],
];
const TIMED = ["stacked", "lines", "heat"];
// What a table can tell how many different ones there are of.
const DIFFERENT = [
    ["none", "–"],
    ["peers", "Peers"],
    ["ports", "Ports"],
    ["hosts", "Hosts"],
];
const PAIRED = ["sankey", "matrix"];

// A diagram of pairs needs two things to be paired.
export function kind_change(state, kind) {
    if (!PAIRED.includes(kind) || state.group.length === 2) return { kind };
    const [first] = state.group;
    return {
        kind,
        group: first === "dst" ? ["src", "dst"] : first === "src" || first === "host" ? ["src", "dst"] : ["src", first],
    };
}

export function explore_open(page) {
    const controls = make("div", { class: "controls" });
    const figure = panel_new(null, { class: "panel wide", "aria-label": "Figure" });
    const table = panel_new("Groups", { class: "panel wide" });
    return {
        elements: [controls, figure.element, table.element],
        update(state) {
            controls_show(controls, controls_new(page, state));
            table.element.hidden = true;
            figure.body.style.minHeight = "200px";
            panel_load(
                figure,
                () => explore_ask(page, state),
                (answers) => explore_show(page, state, table, answers),
                () => empty_advice(page, state, make),
            );
        },
    };
}

function controls_new(page, state) {
    const names = page
        .dimensions()
        .filter(({ group }) => group !== false)
        .map(({ name, title }) => [name, title]);
    const second = names.filter(([name]) => name !== state.group[0]);
    const csv = api_address(
        "/api/query",
        query_parameters(page, state, {
            group: state.group.join(","),
            n: state.n,
            names: "yes",
            format: "csv",
            ...different_of(state),
        }),
    );
    return [
        choice_new("Show as", KINDS, state.kind, (kind) => page.go(kind_change(state, kind)), "kind"),
        select_new(
            "Group by",
            names,
            state.group[0],
            (name) => page.go({ group: [name, ...state.group.slice(1).filter((other) => other !== name)] }),
            { id: "group1" },
        ),
        select_new(
            "and",
            PAIRED.includes(state.kind) ? second : [["", "–"], ...second],
            state.group[1] ?? "",
            (name) => page.go({ group: name ? [state.group[0], name] : [state.group[0]] }),
            { id: "group2" },
        ),
        state.kind === "table" &&
            select_new("Different", DIFFERENT, state.different, (different) => page.go({ different }), {
                id: "different",
            }),
        select_new(
            "Top",
            [5, 10, 20, 50, 100, 200]
                .concat([5, 10, 20, 50, 100, 200].includes(state.n) ? [] : [state.n])
                .map((n) => [n, n]),
            state.n,
            (n) => page.go({ n: +n }),
            { id: "top" },
        ),
        input_new("Previous period", { type: "checkbox", checked: state.compare, id: "compare" }, (compare) =>
            page.go({ compare }),
        ),
        make("a", { href: csv, download: "flows.csv", class: "button" }, "CSV"),
    ].filter(Boolean);
}

// A table by how many different peers, ports or hosts there are, not by what is counted.
const different_of = (state) =>
    state.kind === "table" && state.different !== "none" ? { metric: state.different } : {};

async function explore_ask(page, state) {
    const timed = TIMED.includes(state.kind);
    const more = {
        group: state.group.join(","),
        n: state.n,
        series: timed ? "yes" : "no",
        points: timed ? points_of(innerWidth) : null,
        ...different_of(state),
    };
    const { from, to } = page.range();
    const before =
        state.compare && timed && state.kind !== "heat"
            ? query_ask("before", page, state, {
                  from: 2 * from - to,
                  to: from,
                  series: "yes",
                  points: more.points,
                  compare: null,
              }).catch(() => null)
            : null;
    const [answer, loss, earlier] = await Promise.all([
        query_ask("explore", page, state, more),
        timed ? loss_ask(page) : null,
        before,
    ]);
    return { answer, loss, earlier, tables: answer.tables, rows: answer.rows, ms: answer.ms };
}

function explore_show(page, state, table, { answer, loss, earlier }) {
    page.see(state.group, answer.groups);
    if (!answer.groups.length || (!answer.total.flows && !answer.total.packets)) return null;
    const graph = TIMED.includes(state.kind) && state.kind !== "heat";
    const colours = graph ? (group, i) => colour_of(i) : null;
    const rows = groups_table(page, state, answer, { dimensions: state.group, metric: state.metric, colours });
    const figures = {
        stacked: () => chart_of(page, state, answer, loss, earlier),
        lines: () => chart_of(page, state, answer, loss, earlier),
        heat: () => heat_new(page, state, answer, loss),
        sankey: () => sankey_new(page, state, answer),
        matrix: () => matrix_new(page, state, answer),
    };
    if (state.kind === "table") return rows;
    table.element.hidden = false;
    table.body.replaceChildren(rows);
    return figures[state.kind]();
}

function chart_of(page, state, answer, loss, earlier) {
    const lines = answer.groups.map((group, i) => ({
        label: group_text(state.group, group),
        colour: colour_of(i),
        values: answer.series[i],
    }));
    if (answer.others) lines.push({ label: "Others", colour: "--c0", values: answer.series[answer.groups.length] });
    // Steps of another width, where older data is coarser, can't stand in the same chart.
    if (earlier && earlier.step === answer.step)
        lines.push({
            label: "All, previous period",
            colour: "--ink",
            values: answer.times.map((time, i) => earlier.series[0][i] ?? 0),
            dashed: true,
        });
    return chart_new({
        ...answer,
        lines,
        metric: state.metric,
        zone: state.zone,
        now: page.now(),
        shape: state.kind,
        loss,
        height: 320,
        zoom: page.zoom,
    });
}
