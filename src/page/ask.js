// The questions that several views ask: parameters out of the state, so that all panels speak of the same time.
import { api_get } from "./api.js";

export function query_parameters(page, state, more = {}) {
    const { from, to } = page.range();
    return { from, to, filter: state.filter, metric: state.metric, compare: state.compare ? "before" : null, ...more };
}

export const query_ask = (slot, page, state, more) => api_get(slot, "/api/query", query_parameters(page, state, more));

// Without what is lost a chart is worth less, but still a chart.
export async function loss_ask(page) {
    try {
        const size = page.meta?.sizes?.[0]?.size;
        return { ...(await api_get("loss", "/api/loss", page.range())), ...(size && { size }) };
    } catch {
        return null;
    }
}

// How many points a chart of this width can show.
export const points_of = (width) => Math.max(60, Math.min(400, Math.floor((width || 900) / 4)));

// What can be done where there is nothing to show.
export function empty_advice(page, state, make) {
    const sizes = page.meta?.sizes ?? [];
    const first = Math.min(...sizes.map(({ from }) => from ?? Infinity));
    const last = Math.max(...sizes.map(({ to }) => to ?? 0));
    const ways = [];
    if (state.filter)
        ways.push(make("button", { type: "button", onclick: () => page.go({ filter: "" }) }, "Clear the filter"));
    ways.push(
        make(
            "button",
            { type: "button", onclick: () => page.zoom(page.range().from * 2 - page.range().to, page.range().to) },
            "Double the period",
        ),
    );
    if (last && Number.isFinite(first))
        ways.push(
            make(
                "button",
                { type: "button", onclick: () => page.zoom(Math.max(first, last - 86400), last) },
                "Latest day with data",
            ),
        );
    return [
        make("p", null, make("strong", null, last ? "No flows found." : "No flows yet.")),
        make(
            "p",
            null,
            last
                ? "No flows in this period match the filter."
                : "Nothing has been imported yet. The pipeline page shows incoming data.",
        ),
        ways,
    ];
}
