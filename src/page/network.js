// What the graph, the bundle and the hive have in common: the time above, controls, picture, and the pairs as a table.
import { empty_advice, query_ask } from "./ask.js";
import { controls_show, input_new, make, make_svg, select_new } from "./dom.js";
import { graph_make, OTHERS, SLICES } from "./graph_data.js";
import { groups_table } from "./groups.js";
import { panel_load, panel_new } from "./panel.js";
import { state_address, state_with } from "./state.js";
import { strip_open } from "./strip.js";
import { amount_text, metric_title } from "./units.js";

const PAIRS = 1000; // asked for; what is beyond is too little to be seen

// draw(page, state, graph, figure) gives the picture's elements; controls(page, state) those of the view alone.
export function network_open(page, title, controls_new, draw) {
    const strip = strip_open(page);
    const controls = make("div", { class: "controls" });
    const figure = panel_new(null, { class: "panel wide network", "aria-label": title });
    const table = make("details", { class: "data panel" }, make("summary", null, "The pairs as a table"));
    return {
        elements: [strip.element, controls, figure.element, table],
        update(state) {
            strip.update(state);
            controls_show(controls, [...controls_common(page, state), ...controls_new(page, state)]);
            panel_load(
                figure,
                () =>
                    query_ask("pairs", page, state, {
                        group: "src,dst",
                        n: PAIRS,
                        compare: null,
                        ...(state.colour === "time" && { series: "yes", points: SLICES }),
                    }),
                (answer) => {
                    page.see(["src", "dst"], answer.groups);
                    const graph = graph_make(answer, state.metric, state.n, state.others);
                    if (!graph.edges.length) return null;
                    table.replaceChildren(
                        table.firstChild,
                        groups_table(
                            page,
                            state,
                            { ...answer, groups: answer.groups.slice(0, 200), others: null },
                            { dimensions: ["src", "dst"], metric: state.metric },
                        ),
                    );
                    return [draw(page, state, graph, figure), make("p", { class: "minor" }, counts_text(graph, state))];
                },
                () => empty_advice(page, state, make),
            );
        },
    };
}

function counts_text({ nodes, edges, left }, state) {
    const rest = left ? `; ${left} more hosts ${state.others ? "are grouped as “others”" : "are not shown"}` : "";
    return `${nodes.length} nodes, ${edges.length} edges${rest}`;
}

function controls_common(page, state) {
    const counts = [20, 30, 50, 60, 100, 255, 500];
    return [
        select_new(
            "Nodes",
            (counts.includes(state.n) ? counts : [...counts, state.n]).map((n) => [n, n]),
            state.n,
            (n) => page.go({ n: +n }),
            { id: "nodes" },
        ),
        input_new("Show others as one node", { type: "checkbox", checked: state.others, id: "others" }, (others) =>
            page.go({ others }),
        ),
        select_new(
            "Colour",
            [
                ["volume", "by volume"],
                ["time", "by time"],
            ],
            state.colour,
            (colour) => page.go({ colour }),
            { id: "colour" },
        ),
    ];
}

// The node's link to its host; "others" lead nowhere.
export function node_link(state, node, properties, ...children) {
    if (node.id === OTHERS) return make_svg("g", properties, children);
    const address = state_address(state_with(state, { view: "host", host: node.id }));
    return make_svg("a", { href: address, tabindex: "-1", ...properties }, children);
}

export function node_text(node, metric) {
    const name = node.name ? ` ${node.name}` : "";
    return `${node.id}${name}: out ${amount_text(metric, node.out)}, in ${amount_text(metric, node.in)}`;
}

export const edge_text = (edge, metric) =>
    `${edge.source.id ?? edge.source} → ${edge.target.id ?? edge.target}: ${amount_text(metric, edge.value)}`;

export const picture_text = (what, { nodes, edges }, metric) =>
    `${what}: ${nodes.length} hosts and ${edges.length} edges by ${metric_title(metric).toLowerCase()}; largest: ` +
    `${nodes
        .slice(0, 3)
        .map(({ id }) => id)
        .join(", ")}. The table below has the pairs`;

// While a node is pointed at, only its edges stand out. entries: [{source, target, element}] with ids
export function focus_follow(element, id, entries, ends, figure) {
    element.addEventListener("pointerenter", () => {
        figure.classList.add("focused");
        for (const { source, target, element: edge } of entries)
            edge.classList.toggle("near", (ends !== "in" && source === id) || (ends !== "out" && target === id));
    });
    element.addEventListener("pointerleave", () => figure.classList.remove("focused"));
}
