// Pairs as a Sankey diagram: the first on the left, the second on the right, and bands as wide as what goes between.
import { sankey, sankeyJustify } from "d3-sankey";
import { make, make_svg } from "./dom.js";
import { filter_add } from "./filter.js";
import { colour_of } from "./groups.js";
import { side_values } from "./matrix.js";
import { state_address, state_with } from "./state.js";
import { amount_text, share_text } from "./units.js";

const WIDTH = 1000;
const MARGIN = 190; // for the names on both sides

function layout_make(state, answer) {
    const sides = [0, 1].map((side) =>
        side_values(answer, state.metric, side, state.group[side]).map((value, i) => ({
            ...value,
            id: side + value.key,
            side,
            colour: side ? "--c0" : colour_of(i),
        })),
    );
    const links = answer.groups
        .filter((group) => group[state.metric] > 0)
        .map((group) => ({ source: "0" + group.key[0], target: "1" + group.key[1], value: group[state.metric] }));
    const used = new Set(links.flatMap(({ source, target }) => [source, target]));
    const nodes = sides.flat().filter(({ id }) => used.has(id));
    const height = Math.max(240, 22 * Math.max(...sides.map((side) => side.length)));
    const diagram = sankey()
        .nodeId((node) => node.id)
        .nodeAlign(sankeyJustify)
        .nodeWidth(10)
        .nodePadding(8)
        .extent([
            [MARGIN, 4],
            [WIDTH - MARGIN, height - 4],
        ]);
    return { ...diagram({ nodes, links }), height };
}

const band_path = ({ source, target, y0, y1 }) => {
    const middle = (source.x1 + target.x0) / 2;
    return `M${source.x1},${y0}C${middle},${y0} ${middle},${y1} ${target.x0},${y1}`;
};

export function sankey_new(page, state, answer) {
    const { nodes, links, height } = layout_make(state, answer);
    const { metric, group } = state;
    const whole = answer.total[metric];
    const say = (value) => `${amount_text(metric, value)} (${share_text(value, whole)})`;
    const bands = links.map((link) =>
        make_svg(
            "path",
            {
                d: band_path(link),
                class: "band",
                style: { stroke: `var(${link.source.colour})`, "stroke-width": Math.max(1, link.width) },
            },
            make_svg("title", null, `${link.source.text} → ${link.target.text}: ${say(link.value)}`),
        ),
    );
    const boxes = nodes.map((node) => {
        const left = node.side === 0;
        const address = state_address(
            state_with(state, { filter: filter_add(state.filter, group[node.side], node.key, false) }),
        );
        const text = node.text.length > 28 ? node.text.slice(0, 27) + "…" : node.text;
        return make_svg(
            "a",
            { href: address, "aria-label": `Only ${group[node.side]} ${node.text}, ${say(node.value)}` },
            make_svg("rect", {
                x: node.x0,
                y: node.y0,
                width: node.x1 - node.x0,
                height: Math.max(1, node.y1 - node.y0),
                style: { fill: `var(${node.colour})` },
            }),
            make_svg(
                "text",
                {
                    x: left ? node.x0 - 6 : node.x1 + 6,
                    y: (node.y0 + node.y1) / 2,
                    dy: "0.35em",
                    "text-anchor": left ? "end" : "start",
                },
                text,
            ),
            make_svg("title", null, `${node.text}: ${say(node.value)}`),
        );
    });
    return make(
        "figure",
        { class: "diagram scroll" },
        make_svg(
            "svg",
            {
                viewBox: `0 0 ${WIDTH} ${height}`,
                role: "group",
                "aria-label":
                    `${page.title(group[0])} to ${page.title(group[1])}: ` +
                    `${links.length} pairs; the table below has their sums`,
            },
            bands,
            boxes,
        ),
    );
}
