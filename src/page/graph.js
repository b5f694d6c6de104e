// Who talks to whom, as a graph: by forces, along a Hilbert curve by address, or in a circle.
import { drag } from "d3-drag";
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import { select } from "d3-selection";
import { zoom } from "d3-zoom";
import { choice_new, input_new, make, make_svg } from "./dom.js";
import { address_bytes, edge_style } from "./graph_data.js";
import { edge_text, focus_follow, network_open, node_link, node_text, picture_text } from "./network.js";

const SIZE = 900;
const FRAME = [1200, 680]; // what the picture's contents fill, in its own units

export const graph_open = (page) => network_open(page, "Graph", controls_new, graph_draw);

function controls_new(page, state) {
    const layouts = choice_new(
        "Layout",
        [
            ["force", "Forces"],
            ["hilbert", "Hilbert curve"],
            ["circle", "Circle"],
        ],
        state.layout,
        (layout) => page.go({ layout }),
        "layout",
    );
    if (state.layout !== "force") return [layouts];
    const force = (label, i, properties) =>
        input_new(
            label,
            { type: "number", value: state.forces[i], id: `force${i}`, ...properties },
            (text) =>
                Number.isFinite(+text) &&
                text !== "" &&
                page.go({ forces: state.forces.map((other, k) => (k === i ? +text : other)) }),
        );
    return [
        layouts,
        force("Charge", 0, { min: -2000, max: 0, step: 10 }),
        force("Gravity", 1, { min: 0, max: 1, step: 0.05 }),
        force("Length", 2, { min: 1, max: 500, step: 10 }),
    ];
}

// The place on a curve that fills a square of side 2^order: neighbours on it are neighbours in the square.
export function hilbert_place(index, order) {
    let x = 0,
        y = 0;
    for (let side = 1, rest = index; side < 2 ** order; side *= 2, rest = Math.floor(rest / 4)) {
        const right = 1 & (rest >> 1);
        const up = 1 & (rest ^ right);
        if (!up) {
            if (right) [x, y] = [side - 1 - x, side - 1 - y];
            [x, y] = [y, x];
        }
        x += side * right;
        y += side * up;
    }
    return [x, y];
}

// By the first two bytes of the address: nets that are neighbours stand beside each other.
function hilbert_lay(nodes) {
    const order = 8;
    const taken = new Set();
    for (const node of nodes) {
        const bytes = address_bytes(node.id) ?? [255, 255];
        let index = bytes[0] * 256 + bytes[1];
        // Two hosts of a net would hide each other.
        while (taken.has(index >> 4)) index = (index + 16) % 65536;
        taken.add(index >> 4);
        const [x, y] = hilbert_place(index >> 4, order - 2);
        const cell = SIZE / 2 ** (order - 2);
        Object.assign(node, { x: (x + 0.5) * cell - SIZE / 2, y: (y + 0.5) * cell - SIZE / 2 });
    }
}

function circle_lay(nodes) {
    const order = [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
    order.forEach((node, i) => {
        const angle = (2 * Math.PI * i) / order.length - Math.PI / 2;
        Object.assign(node, { x: 0.46 * SIZE * Math.cos(angle), y: 0.46 * SIZE * Math.sin(angle) });
    });
}

// Laid out before it is shown: a picture that stands still is easier to read than one that settles.
function forces_lay(nodes, edges, [charge, gravity, length]) {
    const simulation = forceSimulation(nodes)
        .force(
            "link",
            forceLink(edges)
                .id((node) => node.id)
                .distance(length)
                .strength((edge) => 0.2 + 0.4 / (1 + Math.min(edge.source.sum, edge.target.sum) / edge.value)),
        )
        .force("charge", forceManyBody().strength(charge).distanceMax(500))
        .force("x", forceX().strength(gravity))
        .force("y", forceY().strength(gravity * 1.4))
        .force(
            "collide",
            forceCollide((node) => node.r + 3),
        )
        .stop();
    simulation.tick(300);
    return simulation;
}

function graph_draw(page, state, graph, panel) {
    const most_node = Math.max(...graph.nodes.map(({ sum }) => sum));
    const most_edge = Math.max(...graph.edges.map(({ value }) => value));
    const nodes = graph.nodes.map((node) => ({ ...node, r: 3 + 11 * Math.sqrt(node.sum / most_node) }));
    const by_id = new Map(nodes.map((node) => [node.id, node]));
    const edges = graph.edges
        .filter(({ source, target }) => source !== target)
        .map((edge) => ({ ...edge, source: by_id.get(edge.source), target: by_id.get(edge.target) }));
    let simulation = null;
    if (state.layout === "force") simulation = forces_lay(nodes, edges, state.forces);
    else (state.layout === "hilbert" ? hilbert_lay : circle_lay)(nodes);
    frame_fill(nodes, state.layout === "force");
    const named = names_choose(nodes);

    const lines = edges.map((edge) => ({
        edge,
        source: edge.source.id,
        target: edge.target.id,
        element: make_svg(
            "line",
            { class: "edge", style: edge_style(edge, most_edge, state.colour) },
            make_svg("title", null, edge_text(edge, state.metric)),
        ),
    }));
    const points = nodes.map((node) =>
        node_link(
            state,
            node,
            { class: named.has(node) ? "node" : "node small" },
            make_svg("circle", { r: node.r }),
            make_svg("text", { dy: -node.r - 4, "text-anchor": "middle" }, node.id),
            make_svg("title", null, node_text(node, state.metric)),
        ),
    );
    const place = () => {
        for (const { edge, element } of lines)
            for (const [name, value] of [
                ["x1", edge.source.x],
                ["y1", edge.source.y],
                ["x2", edge.target.x],
                ["y2", edge.target.y],
            ])
                element.setAttribute(name, value.toFixed(1));
        points.forEach((point, i) =>
            point.setAttribute("transform", `translate(${nodes[i].x.toFixed(1)},${nodes[i].y.toFixed(1)})`),
        );
    };
    place();
    points.forEach((point, i) => focus_follow(point, nodes[i].id, lines, "both", panel.element));

    // The greatest are drawn last, so that their names lie above the rest.
    const inner = make_svg(
        "g",
        null,
        lines.map(({ element }) => element),
        [...points].reverse(),
    );
    const svg = make_svg(
        "svg",
        {
            viewBox: [-FRAME[0] / 2 - 70, -FRAME[1] / 2 - 40, FRAME[0] + 140, FRAME[1] + 80].join(" "),
            role: "group",
            "aria-label": picture_text("Graph", graph, state.metric),
            class: "picture",
        },
        inner,
    );
    select(svg).call(
        zoom()
            .scaleExtent([0.3, 8])
            .on("zoom", ({ transform }) => inner.setAttribute("transform", transform)),
    );
    nodes.forEach((node, i) =>
        select(points[i]).call(
            drag()
                .container(inner)
                .subject(() => node)
                .on("drag", ({ x, y }) => node_drag(node, x, y, simulation, place)),
        ),
    );
    return make("figure", null, svg);
}

// The others give way, as far as there are forces.
function node_drag(node, x, y, simulation, place) {
    Object.assign(node, { x, y, fx: x, fy: y });
    simulation?.alpha(0.3).tick(4);
    place();
}

// Places grown or shrunk until they fill the frame, both ways alike where the layout has a shape of its own.
function frame_fill(nodes, free) {
    const sides = ["x", "y"].map((axis, i) => {
        const places = nodes.map((node) => node[axis]);
        const [least, most] = [Math.min(...places), Math.max(...places)];
        return { axis, middle: (least + most) / 2, factor: Math.min(3, FRAME[i] / Math.max(1, most - least)) };
    });
    const least = Math.min(...sides.map(({ factor }) => factor));
    for (const { axis, middle, factor } of sides)
        for (const node of nodes) node[axis] = (node[axis] - middle) * (free ? factor : least);
}

// The nodes whose names have room: the greatest first, none over another.
function names_choose(nodes) {
    const taken = [];
    return new Set(
        nodes.filter((node) => {
            const half = 3.6 * node.id.length;
            const box = {
                left: node.x - half,
                right: node.x + half,
                top: node.y - node.r - 18,
                bottom: node.y - node.r - 2,
            };
            const free = taken.every(
                (other) =>
                    box.left > other.right ||
                    box.right < other.left ||
                    box.top > other.bottom ||
                    box.bottom < other.top,
            );
            if (free) taken.push(box);
            return free;
        }),
    );
}
