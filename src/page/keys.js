// The keyboard: one table of what each key does, which is also what "?" shows.
import { make } from "./dom.js";
import { kind_change } from "./explore.js";
import { KINDS, METRICS, state_with, state_address, VIEWS } from "./state.js";
import { live_switch, range_step, range_zoom } from "./toolbar.js";

const next = (list, item, step = 1) => list[(list.indexOf(item) + step + list.length) % list.length];
const views = Object.keys(VIEWS).filter((view) => view !== "host");

// [keys, what they do, act(page, event)]
const KEYS = [
    ["/", "edit the filter", () => field_enter("filter")],
    ["t", "edit the period", () => field_enter("from")],
    ["← →", "step back, step forward", (page, { key }) => range_step(page, key === "ArrowLeft" ? -0.5 : 0.5)],
    ["+ -", "zoom in, zoom out", (page, { key }) => range_zoom(page, key === "-" ? 2 : 0.5)],
    ["l", "start or stop live view", live_switch],
    ["r", "refresh", (page) => page.reload()],
    ["m", "bytes, packets or flows", (page) => page.go({ metric: next(METRICS, page.state.metric) })],
    [
        "v",
        "next chart type (explore)",
        (page) => page.state.view === "explore" && page.go(kind_change(page.state, next(KINDS, page.state.kind))),
    ],
    ["c", "compare with the previous period", (page) => page.go({ compare: !page.state.compare })],
    ["j k", "next row, previous row", (page, { key }) => row_move(key === "j" ? 1 : -1)],
    ["i x", "filter the row's value in, filter it out", (page, { key }) => row_narrow(key === "i" ? "in" : "out")],
    [
        "[ ]",
        "previous page, next page (flows)",
        (page, { key }) => document.querySelector(key === "[" ? "a[rel=prev]" : "a[rel=next]")?.click(),
    ],
    [
        views.map((view, i) => i + 1).join(" "),
        views.map((view) => VIEWS[view].title).join(", "),
        (page, { key }) => page.go({ view: views[key - 1], host: "" }),
    ],
    ["u", "local time or UTC", (page) => page.go({ zone: page.state.zone === "utc" ? "local" : "utc" })],
    ["d", "dark or light", (page) => page.theme_switch()],
    ["n", "clear the filter", (page) => page.go({ filter: "" })],
    ["y", "copy the address", (page) => navigator.clipboard?.writeText(location.origin + state_address(page.state))],
    ["Backspace", "back", () => history.back()],
    ["?", "show these keys", () => keys_show()],
    ["Esc", "leave a field, close", () => document.activeElement?.blur()],
];
const NAMES = { "←": "ArrowLeft", "→": "ArrowRight", Esc: "Escape" };
const actions = new Map(KEYS.flatMap(([keys, , act]) => keys.split(" ").map((key) => [NAMES[key] ?? key, act])));

function field_enter(id) {
    const field = document.getElementById(id);
    field?.focus();
    field?.select();
}

// The rows of tables are walked by their first link.
function row_move(step) {
    const rows = [...document.querySelectorAll("main tbody tr")].filter(
        (row) => row.offsetParent && row.querySelector("a"),
    );
    const at = rows.indexOf(document.activeElement?.closest("tr"));
    rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))]?.querySelector("a").focus();
}

function row_narrow(way) {
    const near = document.activeElement?.closest(".value") ?? document.activeElement?.closest("tr");
    near?.querySelector(`[data-narrow="${way}"]`)?.click();
}

export function keys_listen(page) {
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
        const typing = event.target.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea, dialog");
        if (typing ? event.key !== "Escape" || event.target.closest("dialog") : false) return;
        // Radio buttons and regions that scroll have a use of their own for the arrows.
        if (event.key.startsWith("Arrow") && event.target.closest?.("input, [tabindex='0']")) return;
        const act = actions.get(event.key === "=" ? "+" : event.key);
        if (!act) return;
        event.preventDefault();
        act(page, event);
    });
}

export function keys_show() {
    const dialog = make(
        "dialog",
        {
            "aria-labelledby": "keys-title",
            onclose: () => dialog.remove(),
            onclick: (event) => event.target === dialog && dialog.close(),
        },
        make("h2", { id: "keys-title" }, "Keyboard shortcuts"),
        make(
            "table",
            null,
            make(
                "tbody",
                null,
                KEYS.map(([keys, text]) =>
                    make(
                        "tr",
                        null,
                        make(
                            "th",
                            { scope: "row" },
                            keys.split(" ").map((key) => [make("kbd", null, key), " "]),
                        ),
                        make("td", null, text),
                    ),
                ),
            ),
        ),
        make(
            "p",
            null,
            make(
                "a",
                { href: "/licences.txt", target: "_blank", rel: "noopener" },
                "Licences of included software",
            ),
        ),
        make("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close"),
    );
    document.body.append(dialog);
    dialog.showModal();
}
