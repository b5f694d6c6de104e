// A hive plot: three axes, each the hosts of some prefixes, placed by what they send and receive; edges between them.
import { input_new, make, make_svg, select_new } from "./dom.js";
import { address_within, edge_style, OTHERS, prefix_wrong } from "./graph_data.js";
import { edge_text, focus_follow, network_open, node_link, node_text, picture_text } from "./network.js";
import { AXES } from "./state.js";

const INNER = 50;
const OUTER = 400;
const PAIRS = [
    [0, 1],
    [1, 2],
    [2, 0],
];

export const hive_open = (page) => network_open(page, "Hive plot", controls_new, hive_draw);

function controls_new(page, state) {
    const lists = state.axes.split(";");
    const mistake = make("p", { class: "mistake", id: "axes-error", role: "alert" });
    const axis = (i) =>
        input_new(
            `Axis ${i + 1}`,
            {
                value: lists[i],
                id: `axis${i}`,
                size: 24,
                spellcheck: "false",
                autocomplete: "off",
                "aria-describedby": "axes-error",
            },
            (text) => {
                const prefixes = text.split(/[\s,]+/).filter(Boolean);
                const wrong = prefixes.length ? prefix_wrong(prefixes) : "";
                document.getElementById(`axis${i}`).setAttribute("aria-invalid", String(wrong !== null));
                mistake.textContent =
                    wrong === null ? "" : `“${wrong}” is not a prefix; accepted: 192.168.0.0/16, 2001:db8::/32`;
                if (wrong === null)
                    page.go({ axes: lists.map((list, k) => (k === i ? prefixes.join(",") : list)).join(";") });
            },
        );
    const direction = ([from, to], i) =>
        select_new(
            `${from + 1} and ${to + 1}`,
            [
                ["b", "both directions"],
                ["f", `${from + 1} → ${to + 1}`],
                ["r", `${to + 1} → ${from + 1}`],
            ],
            state.directions[i],
            (way) => page.go({ directions: state.directions.slice(0, i) + way + state.directions.slice(i + 1) }),
            { id: `way${i}` },
        );
    return [
        select_new(
            "Scale",
            [
                ["log", "logarithmic"],
                ["linear", "linear"],
            ],
            state.scale,
            (scale) => page.go({ scale }),
            { id: "scale" },
        ),
        ...[0, 1, 2].map(axis),
        ...PAIRS.map(direction),
        state.axes === AXES
            ? ""
            : make("button", { type: "button", onclick: () => page.go({ axes: AXES }) }, "Default axes"),
        mistake,
    ];
}

// The first axis whose prefixes hold the host; "others" are on the last. null: on none.
export function axis_of(id, lists) {
    if (id === OTHERS) return lists.length - 1;
    const axis = lists.findIndex((prefixes) => address_within(id, prefixes));
    return axis < 0 ? null : axis;
}

// From 0 to 1.
export function place_on_axis(value, least, most, scale) {
    const [low, high, at] =
        scale === "log" ? [least, most, value].map((part) => Math.log(Math.max(1, part))) : [0, most, value];
    return high > low ? (at - low) / (high - low) : 1;
}

const point_at = (axis, radius, turn = 0) => {
    const angle = ((axis + turn) * 2 * Math.PI) / 3 - Math.PI / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle)].map((part) => part.toFixed(1));
};

// Whether an edge from one axis to another is asked for, and which way round the circle it bends.
function edge_wanted(from, to, directions) {
    const pair = PAIRS.findIndex(([a, b]) => (a === from && b === to) || (a === to && b === from));
    if (pair < 0) return null;
    const forth = PAIRS[pair][0] === from;
    const way = directions[pair];
    return way === "b" || (way === "f") === forth ? (forth ? 1 : -1) : null;
}

function hive_draw(page, state, graph, panel) {
    const lists = state.axes.split(";").map((list) => list.split(",").filter(Boolean));
    const sums = graph.nodes.map(({ sum }) => sum);
    const [least, most] = [Math.min(...sums), Math.max(...sums)];
    const places = new Map();
    for (const node of graph.nodes) {
        const axis = axis_of(node.id, lists);
        if (axis !== null)
            places.set(node.id, {
                axis,
                radius: INNER + (OUTER - INNER) * place_on_axis(node.sum, least, most, state.scale),
            });
    }
    const most_edge = Math.max(...graph.edges.map(({ value }) => value));
    const edges = [];
    for (const edge of graph.edges) {
        const [a, b] = [places.get(edge.source), places.get(edge.target)];
        const turn = a && b ? edge_wanted(a.axis, b.axis, state.directions) : null;
        if (turn === null) continue;
        const [start, end] = [point_at(a.axis, a.radius), point_at(b.axis, b.radius)];
        const bends = [point_at(a.axis, a.radius, turn / 3), point_at(b.axis, b.radius, -turn / 3)];
        const path = `M${start}C${bends.join(" ")} ${end}`;
        edges.push({
            ...edge,
            element: make_svg(
                "path",
                { class: "edge", d: path, style: edge_style(edge, most_edge, state.colour) },
                make_svg("title", null, edge_text(edge, state.metric)),
            ),
        });
    }
    const axes = [0, 1, 2].map((axis) => {
        const [[x1, y1], [x2, y2], [x, y]] = [
            point_at(axis, INNER),
            point_at(axis, OUTER + 8),
            point_at(axis, INNER - 20),
        ];
        return [
            make_svg("line", { class: "axis", x1, y1, x2, y2 }),
            make_svg("text", { x, y, dy: "0.35em", "text-anchor": "middle" }, axis + 1),
        ];
    });
    const points = graph.nodes
        .filter(({ id }) => places.has(id))
        .map((node) => {
            const { axis, radius } = places.get(node.id);
            const element = node_link(
                state,
                node,
                { class: "node small", transform: `translate(${point_at(axis, radius)})` },
                make_svg("circle", { r: 4 }),
                make_svg("text", { x: 8, dy: "0.35em" }, node.id),
                make_svg("title", null, node_text(node, state.metric)),
            );
            focus_follow(element, node.id, edges, "both", panel.element);
            return element;
        });
    const left = graph.nodes.length - places.size;
    return make(
        "figure",
        null,
        make_svg(
            "svg",
            {
                viewBox: "-430 -430 860 690",
                role: "group",
                class: "picture",
                "aria-label": picture_text("Hive plot", graph, state.metric),
            },
            edges.map(({ element }) => element),
            axes,
            points,
        ),
        make(
            "p",
            { class: "minor" },
            `${edges.length} edges between the axes` + (left ? `; ${left} hosts are not on any axis` : ""),
        ),
    );
}
