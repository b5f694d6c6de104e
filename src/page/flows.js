// The flows themselves: sorted, page by page, and as CSV.
import { api_address, api_get } from "./api.js";
import { empty_advice } from "./ask.js";
import { controls_show, input_new, make, select_new } from "./dom.js";
import { panel_load, panel_new } from "./panel.js";
import { state_address, state_with } from "./state.js";
import { strip_open } from "./strip.js";
import { moment_text } from "./time.js";
import { amount_text, exact_text, metric_title } from "./units.js";
import { value_new } from "./value.js";

const SUMS = ["octets", "packets", "flows"];
const sort_of = (state) => state.sort || "-" + state.metric;

export function flows_open(page) {
    const strip = strip_open(page);
    const controls = make("div", { class: "controls" });
    const panel = panel_new("Flows", { class: "panel wide" });
    return {
        elements: [strip.element, controls, panel.element],
        update(state) {
            strip.update(state);
            controls_show(controls, controls_new(page, state));
            panel_load(
                panel,
                () => api_get("flows", "/api/flows", parameters_of(page, state)),
                (answer) => (answer.flows.length ? flows_show(page, state, answer) : null),
                () => empty_advice(page, state, make),
            );
        },
    };
}

function parameters_of(page, state, more) {
    const { from, to } = page.range();
    return {
        from,
        to,
        filter: state.filter,
        sort: sort_of(state).replace(/^-/, ""),
        order: sort_of(state).startsWith("-") ? "desc" : "asc",
        n: state.n,
        offset: state.offset || null,
        merge: state.whole ? "yes" : null,
        names: "yes",
        ...more,
    };
}

function controls_new(page, state) {
    const counts = [50, 100, 200, 500, 1000];
    return [
        select_new(
            "Rows",
            (counts.includes(state.n) ? counts : [...counts, state.n]).map((n) => [n, n]),
            state.n,
            (n) => page.go({ n: +n }),
            { id: "rows" },
        ),
        input_new("Add up over time", { type: "checkbox", checked: state.whole, id: "whole" }, (whole) =>
            page.go({ whole }),
        ),
        make(
            "a",
            {
                class: "button",
                download: "flows.csv",
                href: api_address("/api/flows", parameters_of(page, state, { n: 100000, offset: null, format: "csv" })),
            },
            "CSV",
        ),
    ];
}

// Names and their sources are columns behind those of their values.
const columns_of = (columns) =>
    columns
        .map((name, at) => ({ name, at, named: columns[at + 1] === `${name}_name` }))
        .filter(({ name, at }) => name !== `${columns[at - 1]}_name` && name !== `${columns[at - 2]}_source`);

function flows_show(page, state, answer) {
    const { flows } = answer;
    const columns = columns_of(answer.columns);
    const number = (name) => SUMS.includes(name) || name === "bucket" || page.meta?.sums?.includes(name);
    const cell = (flow, { name, at, named }) => {
        const value = flow[at];
        if (name === "bucket") return make("td", { class: "time" }, moment_text(value, state.zone));
        if (number(name)) return make("td", { class: "number", title: exact_text(value) }, amount_text(name, value));
        if (value === null || value === "") return make("td");
        const about = named ? flow.slice(at + 1, at + 3) : [];
        return make("td", null, value_new(page, state, name, String(value), ...about));
    };
    page.see(
        columns.map(({ name }) => name),
        flows.slice(0, 50).map((flow) => ({
            key: columns.map(({ at }) => String(flow[at])),
            name: columns.map(({ at, named }) => (named ? flow[at + 1] : "")),
        })),
    );
    const turn = (rel, text, offset) =>
        make("a", { class: "button", rel, href: state_address(state_with(state, { offset })) }, text);
    return [
        make(
            "div",
            { class: "scroll" },
            make(
                "table",
                { class: "flows" },
                make(
                    "thead",
                    null,
                    make(
                        "tr",
                        null,
                        columns.map(({ name }) => head_new(page, state, name, number(name))),
                    ),
                ),
                make(
                    "tbody",
                    null,
                    flows.map((flow) =>
                        make(
                            "tr",
                            null,
                            columns.map((column) => cell(flow, column)),
                        ),
                    ),
                ),
            ),
        ),
        make(
            "div",
            { class: "turn" },
            state.offset ? turn("prev", "◀ Previous", Math.max(0, state.offset - state.n)) : null,
            make(
                "span",
                null,
                `${exact_text(state.offset + 1)} to ${exact_text(state.offset + flows.length)}`,
                answer.more ? "" : " (end)",
            ),
            answer.more ? turn("next", "Next ▶", state.offset + state.n) : null,
        ),
    ];
}

// A click sorts; another one the other way round. Numbers begin with the greatest.
function head_new(page, state, name, number) {
    const chosen = sort_of(state).replace(/^-/, "") === name;
    const down = sort_of(state).startsWith("-");
    const sort = chosen ? (down ? name : "-" + name) : number ? "-" + name : name;
    const title = name === "bucket" ? "Time" : SUMS.includes(name) ? metric_title(name) : page.title(name);
    return make(
        "th",
        {
            scope: "col",
            class: number && name !== "bucket" ? "number" : null,
            "aria-sort": chosen ? (down ? "descending" : "ascending") : null,
        },
        make(
            "a",
            { href: state_address(state_with(state, { sort })), "data-key": `sort ${name}` },
            title,
            chosen ? (down ? " ▼" : " ▲") : "",
        ),
    );
}
