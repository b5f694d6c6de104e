// The time as a low strip above a view whose own picture has no time axis: brushed to zoom; the scale of colours.
import { loss_ask, points_of, query_ask } from "./ask.js";
import { chart_new } from "./chart.js";
import { make } from "./dom.js";
import { panel_load, panel_new } from "./panel.js";

export function strip_open(page) {
    const panel = panel_new(null, { class: "panel wide strip", "aria-label": "Time" });
    return {
        element: panel.element,
        update(state, filter = state.filter) {
            panel_load(
                panel,
                async () => {
                    const [answer, loss] = await Promise.all([
                        query_ask("strip", page, state, {
                            filter,
                            series: "yes",
                            points: points_of(innerWidth),
                            compare: null,
                        }),
                        loss_ask(page),
                    ]);
                    return { ...answer, loss };
                },
                (answer) => [
                    chart_new({
                        ...answer,
                        lines: [{ label: "All", colour: "--c1", values: answer.series[0] }],
                        metric: state.metric,
                        zone: state.zone,
                        now: page.now(),
                        shape: "stacked",
                        height: 90,
                        zoom: page.zoom,
                        plain: true,
                    }),
                    state.colour === "time" && ["graph", "bundle", "hive"].includes(state.view)
                        ? make("div", { class: "timescale", title: "Colours of edges: earlier to later" })
                        : "",
                ],
                () => [],
            );
        },
    };
}
