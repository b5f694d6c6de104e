// Hosts on a circle, grouped by their addresses' first bytes, with edges that run together where their groups do.
import { cluster, hierarchy } from "d3-hierarchy";
import { curveBundle, lineRadial } from "d3-shape";
import { input_new, make, make_svg, select_new } from "./dom.js";
import { address_bytes, address_group, edge_style, OTHERS } from "./graph_data.js";
import { edge_text, focus_follow, network_open, node_link, node_text, picture_text } from "./network.js";

const RADIUS = 330;
const MARGIN = 130; // for the names

export const bundle_open = (page) => network_open(page, "Edge bundle", controls_new, bundle_draw);

function controls_new(page, state) {
    const groups = [
        ["0", "none"],
        ["1", "by 1 byte (/8, IPv6 /16)"],
        ["2", "by 2 bytes (/16, IPv6 /32)"],
        ["3", "by 3 bytes (/24, IPv6 /48)"],
    ];
    return [
        select_new("Group by prefix", groups, String(state.bytes), (bytes) => page.go({ bytes: +bytes }), { id: "bytes" }),
        select_new(
            "Edges of a node",
            [
                ["both", "both directions"],
                ["out", "outgoing"],
                ["in", "incoming"],
            ],
            state.ends,
            (ends) => page.go({ ends }),
            { id: "ends" },
        ),
        input_new(
            "Tension",
            { type: "range", min: 0, max: 100, step: 5, value: state.tension, id: "tension" },
            (text) => page.go({ tension: +text }, true),
        ),
    ];
}

// Two levels: groups of addresses, in the order of addresses, and hosts in them.
export function bundle_tree(nodes, bytes) {
    const key = (text) =>
        text === OTHERS
            ? "~"
            : (address_bytes(text) ?? [])
                  .map((byte) => String.fromCharCode(32 + byte))
                  .join("")
                  .padStart(16, " ");
    const groups = new Map();
    for (const node of [...nodes].sort((a, b) => (key(a.id) < key(b.id) ? -1 : 1))) {
        const id = node.id === OTHERS ? OTHERS : address_group(node.id, bytes);
        if (!groups.has(id)) groups.set(id, { id, children: [] });
        groups.get(id).children.push(node);
    }
    return { children: [...groups.values()] };
}

function bundle_draw(page, state, graph, panel) {
    const root = cluster()
        .size([360, RADIUS])
        .separation((a, b) => (a.parent === b.parent ? 1 : 2))(hierarchy(bundle_tree(graph.nodes, state.bytes)));
    const leaves = root.leaves();
    const by_id = new Map(leaves.map((leaf) => [leaf.data.id, leaf]));
    const most = Math.max(...graph.edges.map(({ value }) => value));
    const most_node = Math.max(...graph.nodes.map(({ sum }) => sum));
    const line = lineRadial()
        .curve(curveBundle.beta(state.tension / 100))
        .radius((node) => node.y)
        .angle((node) => (node.x / 180) * Math.PI);
    const edges = graph.edges.map((edge) => ({
        ...edge,
        element: make_svg(
            "path",
            {
                class: "edge",
                d: line(by_id.get(edge.source).path(by_id.get(edge.target))),
                style: edge_style(edge, most, state.colour),
            },
            make_svg("title", null, edge_text(edge, state.metric)),
        ),
    }));
    const step = 360 / Math.max(12, leaves.length + root.children.length);
    const names = leaves.map((leaf) => {
        const right = leaf.x < 180;
        const node = leaf.data;
        const element = node_link(
            state,
            node,
            { class: "name", transform: `rotate(${(leaf.x - 90).toFixed(2)}) translate(${RADIUS + 4},0)` },
            make_svg("rect", {
                x: 0,
                y: -Math.min(8, step * 2.6),
                width: 4 + 14 * Math.sqrt(node.sum / most_node),
                height: Math.min(16, step * 5.2),
                rx: 1,
            }),
            make_svg(
                "text",
                {
                    dy: "0.32em",
                    x: right ? 24 : -24,
                    transform: right ? null : "rotate(180)",
                    "text-anchor": right ? "start" : "end",
                },
                node.id,
            ),
            make_svg("title", null, node_text(node, state.metric)),
        );
        focus_follow(element, node.id, edges, state.ends, panel.element);
        return element;
    });
    const half = RADIUS + MARGIN;
    return make(
        "figure",
        null,
        make_svg(
            "svg",
            {
                viewBox: `${-half} ${-half} ${2 * half} ${2 * half}`,
                role: "group",
                class: "picture",
                "aria-label": picture_text("Hierarchical edge bundle", graph, state.metric),
            },
            edges.map(({ element }) => element),
            names,
        ),
    );
}
