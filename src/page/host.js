// One host: what comes in and goes out over time, with whom, over which ports.
import { api_get } from "./api.js";
import { empty_advice, loss_ask, points_of, query_ask } from "./ask.js";
import { chart_new } from "./chart.js";
import { make } from "./dom.js";
import { address_is, filter_add } from "./filter.js";
import { change_new, groups_table } from "./groups.js";
import { panel_load, panel_new } from "./panel.js";
import { state_address, state_with } from "./state.js";
import { amount_text, exact_text } from "./units.js";

const SOURCES = { file: "file of names", dns: "DNS" };
const DIRECTIONS = [
    ["in", "Into own networks (download)"],
    ["out", "Out of own networks (upload)"],
    ["internal", "Within own networks"],
];

// side: where the host itself stands
const LISTS = [
    { slot: "sent", title: "Sends to", side: "src", group: "dst" },
    { slot: "received", title: "Receives from", side: "dst", group: "src" },
    { slot: "asks", title: "Destination ports", side: "src", group: "dport" },
    { slot: "offers", title: "Own ports contacted by others", side: "dst", group: "dport" },
];

export function host_open(page) {
    const { host } = page.state;
    const names = make("p", { class: "names" });
    const chart = panel_new("In and out", { class: "panel wide" });
    const lists = LISTS.map((list) => ({ ...list, panel: panel_new(list.title) }));
    const head = make("div", { class: "host-head" });
    const filter_of = (state, side) => filter_add(state.filter, side, host, false);
    const whole = address_is(host) && !host.includes("/");
    return {
        elements: whole
            ? [
                  head,
                  names,
                  chart.element,
                  make(
                      "div",
                      { class: "columns two" },
                      lists.map(({ panel }) => panel.element),
                  ),
              ]
            : [host_ask(page, host)],
        update(state) {
            if (!whole) return;
            head.replaceChildren(
                make("h2", null, host),
                ...["explore", "flows", "graph"].map((view) =>
                    make(
                        "a",
                        {
                            class: "button",
                            href: state_address(
                                state_with(state, {
                                    view,
                                    host: "",
                                    filter: filter_add(state.filter, "host", host, false),
                                }),
                            ),
                        },
                        `Its ${view}`.replace("Its explore", "Explore it"),
                    ),
                ),
            );
            names_show(page, state, names, host);
            panel_load(
                chart,
                () => ends_ask(page, state, filter_of, host),
                (answer) => ends_show(page, state, answer),
                () => empty_advice(page, state, make),
            );
            for (const { slot, panel, side, group } of lists)
                panel_load(
                    panel,
                    () => query_ask(slot, page, state, { filter: filter_of(state, side), group, n: state.n }),
                    (answer) => {
                        page.see([group], answer.groups);
                        const inside = { ...state, filter: filter_of(state, side) };
                        return answer.groups.length
                            ? groups_table(page, inside, answer, {
                                  dimensions: [group],
                                  metric: state.metric,
                                  brief: true,
                              })
                            : null;
                    },
                    () => [make("p", null, "No flows in this period.")],
                );
        },
    };
}

// Without an address, or with something that is none.
function host_ask(page, host) {
    const input = make("input", {
        id: "host",
        value: host,
        placeholder: "192.0.2.7",
        autocomplete: "off",
        spellcheck: "false",
    });
    const open = (event) => {
        event.preventDefault();
        page.go({ host: input.value.trim() });
    };
    return make(
        "section",
        { class: "panel wide" },
        make(
            "form",
            { class: "body", onsubmit: open },
            host
                ? make("p", { role: "alert" }, `“${host}” is not a host address; accepted: 192.0.2.7, 2001:db8::1`)
                : null,
            make("label", { for: "host" }, "Host address "),
            input,
            " ",
            make("button", null, "Show"),
        ),
    );
}

// What the host is called, by which source, and where it is.
async function names_show(page, state, element, host) {
    const answer = await api_get("names", "/api/names", { address: host }).catch(() => null);
    const known = answer?.names?.[host];
    const link = (filter) => state_address(state_with(state, { view: "explore", host: "", filter }));
    const parts = known
        ? [
              known.host && make("strong", { title: SOURCES[known.source] ?? null }, known.host),
              ...Object.entries(known.tags ?? {}).map(([name, value]) => [
                  name === "network" ? "" : `${name} `,
                  make("a", { href: link(filter_add(state.filter, name, value, false)) }, value),
              ]),
              known.network && make("span", null, known.network),
              known.country && make("span", null, known.country),
              known.local === true && "own network",
          ].filter(Boolean)
        : [];
    element.replaceChildren(...parts.flatMap((part, i) => [i ? " · " : "", part].flat().filter(Boolean)));
}

// Of an own host what it sends and receives beyond the own networks: null where these are not known.
async function directions_ask(page, state, host) {
    if (!page.dimension("direction")) return null;
    const filter = filter_add(state.filter, "host", host, false);
    const answer = await query_ask("directions", page, state, { group: "direction", n: 4, filter }).catch(() => null);
    return answer && Object.fromEntries(answer.groups.map((group) => [group.key[0], group]));
}

async function ends_ask(page, state, filter_of, host) {
    const more = { series: "yes", compare: "before", points: points_of(innerWidth) };
    const [inward, outward, loss, directions] = await Promise.all([
        query_ask("in", page, state, { ...more, filter: filter_of(state, "dst") }),
        query_ask("out", page, state, { ...more, filter: filter_of(state, "src") }),
        loss_ask(page),
        directions_ask(page, state, host),
    ]);
    return {
        inward,
        outward,
        loss,
        directions,
        tables: inward.tables,
        rows: inward.rows + outward.rows,
        ms: Math.max(inward.ms, outward.ms),
    };
}

function ends_show(page, state, { inward, outward, loss, directions }) {
    if (!inward.total.flows && !outward.total.flows && !inward.total.packets && !outward.total.packets) return null;
    const lines = [
        { label: "In", colour: "--c1", values: inward.series[0] },
        { label: "Out", colour: "--c2", values: outward.series[0] },
    ];
    const tile = (title, answer) =>
        make(
            "div",
            { class: "tile" },
            make("h3", null, title),
            make(
                "p",
                { class: "amount", title: exact_text(answer.total.octets) },
                amount_text("octets", answer.total.octets),
            ),
            make(
                "p",
                { class: "minor" },
                `${amount_text("packets", answer.total.packets)} packets, `,
                `${amount_text("flows", answer.total.flows)} flows `,
                answer.before ? change_new(answer.total[state.metric], answer.before[state.metric]) : null,
            ),
        );
    // A host that is none of ours has its traffic with us under the same words, seen from our side.
    const shown = DIRECTIONS.filter(([name]) => directions?.[name]);
    const beyond = shown.map(([name, title]) =>
        tile(title, { total: directions[name], before: directions[name].before }),
    );
    return [
        make("div", { class: "tiles" }, tile("In", inward), tile("Out", outward), beyond),
        chart_new({
            ...inward,
            lines,
            metric: state.metric,
            zone: state.zone,
            now: page.now(),
            shape: "mirrored",
            loss,
            height: 260,
            zoom: page.zoom,
        }),
    ];
}
