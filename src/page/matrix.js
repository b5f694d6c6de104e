// Pairs as a matrix: a row for each value of the first, a column for each of the second. It is a table, to be read.
import { heat_colour, heat_ink } from "./heat.js";
import { make } from "./dom.js";
import { amount_text, exact_text } from "./units.js";
import { filter_add } from "./filter.js";
import { state_address, state_with } from "./state.js";
import { value_text } from "./value.js";

// The values of one side, the greatest first: [{key, text, sum}]
export function side_values(answer, metric, side, dimension) {
    const values = new Map();
    for (const group of answer.groups) {
        const key = group.key[side];
        const entry = values.get(key) ?? { key, text: value_text(dimension, key, group.name?.[side]), sum: 0 };
        entry.sum += group[metric];
        values.set(key, entry);
    }
    return [...values.values()].sort((a, b) => b.sum - a.sum);
}

export function matrix_new(page, state, answer) {
    const { metric, group } = state;
    const [rows, columns] = [0, 1].map((side) => side_values(answer, metric, side, group[side]));
    const cells = new Map(answer.groups.map((entry) => [entry.key.join("\n"), entry[metric]]));
    const most = Math.max(1, ...cells.values());
    const pair = (row, column) =>
        state_address(
            state_with(state, {
                filter: filter_add(filter_add(state.filter, group[0], row.key, false), group[1], column.key, false),
            }),
        );
    const cell = (row, column) => {
        const value = cells.get(row.key + "\n" + column.key);
        if (!value) return make("td");
        const share = Math.sqrt(value / most);
        return make(
            "td",
            {
                style: { background: heat_colour(share) },
                title: `${row.text} → ${column.text}: ${exact_text(value)}`,
            },
            make("a", { href: pair(row, column), style: { color: heat_ink(share) } }, amount_text(metric, value)),
        );
    };
    return make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Matrix" },
        make(
            "table",
            { class: "matrix" },
            make(
                "thead",
                null,
                make(
                    "tr",
                    null,
                    make("th", { scope: "col" }, `${page.title(group[0])} ↓ ${page.title(group[1])} →`),
                    columns.map((column) => make("th", { scope: "col" }, make("span", null, column.text))),
                ),
            ),
            make(
                "tbody",
                null,
                rows.map((row) =>
                    make(
                        "tr",
                        null,
                        make("th", { scope: "row" }, row.text),
                        columns.map((column) => cell(row, column)),
                    ),
                ),
            ),
        ),
    );
}
