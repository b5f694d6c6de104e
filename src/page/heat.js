// Groups over time as a heat map: a row a group, a column a step, the darker or lighter the more.
import { known_of, notes_new, numbers_new, summary_text } from "./chart.js";
import { css_value, make } from "./dom.js";
import { step_seconds } from "./series.js";
import { moment_text, span_text, ticks_text } from "./time.js";
import { rate_of, rate_text } from "./units.js";
import { group_text } from "./value.js";

const ROW = 18;

// From the ground's colour by way of others that differ in lightness as well as in hue. share: 0 to 1
function heat_parts(share) {
    const stops = [1, 2, 3, 4, 5].map((i) => css_value(`--heat${i}`).slice(1));
    const place = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1);
    const [low, high] = [stops[Math.floor(place)], stops[Math.floor(place) + 1]];
    const part = (text, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16);
    return [0, 1, 2].map((i) => Math.round(part(low, i) + (part(high, i) - part(low, i)) * (place % 1)));
}

export const heat_colour = (share) => `rgb(${heat_parts(share).join(" ")})`;

// Black or white, whichever is read better on it: by the luminance that WCAG has.
export function heat_ink(share) {
    const [red, green, blue] = heat_parts(share).map((part) =>
        part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

export function heat_new(page, state, answer, loss) {
    const { times, step, series, groups } = answer;
    const labels = groups.map((group) => group_text(state.group, group));
    const known = known_of({ ...answer, loss });
    const lines = groups.map((group, i) => ({ label: labels[i], values: series[i] }));
    const spec = { ...answer, ...known, lines, zone: state.zone, metric: state.metric };
    const tip = make("div", { class: "tip", "aria-hidden": "true", hidden: true });
    const marks = make("canvas", { class: "marks", "aria-hidden": "true", width: times.length, height: 1 });
    const canvas = make("canvas", {
        role: "img",
        "aria-label": summary_text(spec),
        width: times.length,
        height: groups.length,
        style: { height: `${ROW * groups.length}px` },
    });
    const paint = () => heat_paint(canvas, marks, spec);
    paint();
    document.addEventListener("themechange", () => canvas.isConnected && paint());
    const place = (event) => ({
        column: Math.floor((event.offsetX / canvas.clientWidth) * times.length),
        row: Math.floor(event.offsetY / ROW),
    });
    canvas.addEventListener("mousemove", (event) => {
        const { column, row } = place(event);
        tip.hidden = series[row]?.[column] === undefined;
        if (tip.hidden) return;
        const rate = rate_text(state.metric, rate_of(state.metric, series[row][column], step_seconds(answer, column)));
        tip.replaceChildren(
            make("p", null, `${moment_text(times[column], state.zone)} + ${span_text(step)}`),
            make("p", null, known.unknown[column] ? "No data" : `${labels[row]}: ${rate}`),
        );
        const x = Math.max(0, Math.min(event.offsetX + 12, canvas.clientWidth - tip.offsetWidth));
        tip.style.transform = `translate(${x}px, ${event.offsetY + 18}px)`;
    });
    canvas.addEventListener("mouseleave", () => (tip.hidden = true));
    canvas.addEventListener("click", (event) => {
        const { column } = place(event);
        page.zoom(times[column] - step, times[column] + 2 * step);
    });
    const ticks = Array.from({ length: 6 }, (none, i) => times[Math.floor((i * (times.length - 1)) / 5)]);
    return make(
        "figure",
        { class: "heat" },
        make(
            "ul",
            { class: "rows" },
            labels.map((label) => make("li", { title: label }, label)),
        ),
        make(
            "div",
            { class: "cells" },
            marks,
            canvas,
            tip,
            make(
                "ul",
                { class: "ticks", "aria-hidden": "true" },
                ticks_text(ticks, 60, state.zone).map((text) => make("li", null, text)),
            ),
        ),
        make("div", { class: "data" }, notes_new(spec), numbers_new(spec)),
    );
}

// A pixel a cell; the browser makes them large. The root, so that what is small is seen beside what is large.
function heat_paint(canvas, marks, { lines, times, step, unknown, losses }) {
    const [pen, mark] = [canvas, marks].map((element) => element.getContext("2d"));
    const most = Math.max(1, ...lines.flatMap(({ values }) => values));
    const [ground, nothing, lost] = ["--hatch", "--heat1", "--loss"].map(css_value);
    times.forEach((time, column) => {
        lines.forEach(({ values }, row) => {
            pen.fillStyle = unknown[column]
                ? ground
                : values[column]
                  ? heat_colour(Math.sqrt(values[column] / most))
                  : nothing;
            pen.fillRect(column, row, 1, 1);
        });
        mark.clearRect(column, 0, 1, 1);
        mark.fillStyle = lost;
        if (losses.some(({ from, to }) => from < time + step && to > time)) mark.fillRect(column, 0, 1, 1);
    });
}
