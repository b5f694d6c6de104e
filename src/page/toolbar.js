// The line of controls above every view: time, filter, what is counted.
import { choice_new, controls_show, make, select_new } from "./dom.js";
import { filter_input_new } from "./filter_input.js";
import { METRICS } from "./state.js";
import { moment_address, moment_read, moment_text, range_grow, range_move, range_read } from "./time.js";
import { metric_title } from "./units.js";

const SPANS = [
    ["-1h", "Last hour"],
    ["-6h", "Last 6 hours"],
    ["-24h", "Last 24 hours"],
    ["-2d", "Last 2 days"],
    ["-7d", "Last 7 days"],
    ["-30d", "Last 30 days"],
    ["-90d", "Last 90 days"],
    ["-365d", "Last year"],
];

export function toolbar_open(page, form) {
    const error = make("p", { id: "range-error", class: "mistake", role: "alert" });
    const span = select_new(
        "Time",
        [["", "From … to"], ...SPANS],
        "",
        (value) => value && page.go({ range: [value, "now"] }),
        { id: "span" },
    );
    const [from, to] = ["from", "to"].map((name) => moment_input_new(name, () => range_apply(page, from, to, error)));
    const button = (text, label, key, act) =>
        make("button", { type: "button", "aria-label": label, title: `${label} (${key})`, onclick: act }, text);
    const steps = make(
        "div",
        { class: "buttons", role: "group", "aria-label": "Move in time" },
        button("◀", "Step back", "←", () => range_step(page, -0.5)),
        button("▶", "Step forward", "→", () => range_step(page, 0.5)),
        button("−", "Zoom out", "-", () => range_zoom(page, 2)),
        button("+", "Zoom in", "+", () => range_zoom(page, 0.5)),
    );
    const live = make(
        "button",
        { type: "button", id: "live", title: "Live view (l)", onclick: () => live_switch(page) },
        "Live",
    );
    const filter = filter_input_new(page);
    const metrics = make("div");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.replaceChildren(
        span,
        from,
        make("span", { class: "until", "aria-hidden": "true" }, "–"),
        to,
        steps,
        live,
        filter.element,
        metrics,
        error,
    );

    return (state) => {
        form.hidden = state.view === "pipeline";
        span.querySelector("select").value =
            state.range[1] === "now" && SPANS.some(([value]) => value === state.range[0]) ? state.range[0] : "";
        range_show(page, from, to, error);
        live.setAttribute("aria-pressed", String(state.live));
        filter.show(state);
        const names = METRICS.includes(state.metric) ? METRICS : [...METRICS, state.metric];
        controls_show(metrics, [
            choice_new(
                "Counted",
                names.map((name) => [name, metric_title(name)]),
                state.metric,
                (metric) => page.go({ metric }),
                "metric",
            ),
        ]);
    };
}

function moment_input_new(name, changed) {
    const input = make("input", {
        id: name,
        size: 16,
        autocomplete: "off",
        spellcheck: "false",
        "aria-describedby": "range-error",
        title: "2026-11-23 03:10, 2026-11-23, -2h or now",
        onchange: changed,
    });
    return make(
        "label",
        { class: "control" },
        make("span", { class: "hidden" }, name === "from" ? "From" : "To"),
        input,
    );
}

// The range into its fields, but not over what is being typed, nor over what was typed wrongly for this very range.
let shown = "";
function range_show(page, from, to, error) {
    const range = page.range();
    const other = shown !== page.state.range.join();
    shown = page.state.range.join();
    if (!other && error.textContent) return;
    for (const [label, end] of [
        [from, range.from],
        [to, range.to],
    ]) {
        const input = label.querySelector("input");
        input.setAttribute("aria-invalid", "false");
        if (other || document.activeElement !== input) input.value = moment_text(end, page.state.zone);
    }
    error.textContent = "";
}

// What is typed, into the range. It stays as it is typed where it can't be read.
function range_apply(page, from, to, error) {
    const texts = [from, to].map((label) => label.querySelector("input").value.trim());
    const range = range_read(texts, page.now(), page.state.zone);
    const bad = [from, to].filter((label, i) => moment_read(texts[i], page.now(), page.state.zone) === null);
    for (const label of [from, to])
        label
            .querySelector("input")
            .setAttribute("aria-invalid", String(!range && (bad.includes(label) || !bad.length)));
    if (!range) {
        error.textContent = bad.length
            ? `“${bad[0].querySelector("input").value}” is not a time; ` +
              "accepted: 2026-11-23 03:10, 2026-11-23, -2h, now"
            : "The end must be later than the start.";
        return;
    }
    const relative = (text, seconds) => (/^(now|-\d+[smhdw])$/.test(text) ? text : moment_address(seconds));
    page.go({ range: [relative(texts[0], range.from), relative(texts[1], range.to)], live: false });
}

// A range that has reached now stays there, but for a step back.
export const range_step = (page, share) => page.zoom(...range_move(page.range(), share, page.now()));
export const range_zoom = (page, factor) => page.zoom(...range_grow(page.range(), factor, page.now()));

export function live_switch(page) {
    const { from, to } = page.range();
    const length = Math.max(60, Math.round((to - from) / 60) * 60);
    if (page.state.live) page.go({ live: false });
    else page.go({ live: true, range: page.state.range[1] === "now" ? page.state.range : [`-${length / 60}m`, "now"] });
}
