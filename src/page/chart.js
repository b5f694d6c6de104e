// A chart over time: stacked areas, lines or in and out; brushed to zoom; gaps and losses shaded; in as text and table.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { css_value, make } from "./dom.js";
import {
    losses_by_bucket,
    losses_total,
    series_peak,
    series_points,
    series_stack,
    step_seconds,
    steps_unknown,
} from "./series.js";
import { moment_text, span_text, ticks_text } from "./time.js";
import { amount_text, exact_text, metric_title, rate_of, rate_text } from "./units.js";

const TICKS = [1, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200];

// spec: times, step, from, to; lines [{label, colour, values, dashed}], values as sums per step, the dashed ones (not
// part of the whole) last; metric, zone, now; shape "stacked", "lines" or "mirrored" (the second line below zero);
// loss, the answer of /api/loss, or null; zoom(from, to); height; plain: nothing but the plot.
export function chart_new(spec) {
    const full = { ...spec, ...known_of(spec) };
    const tip = make("div", { class: "tip", "aria-hidden": "true", hidden: true });
    const plot = make("div", { class: "plot", style: { height: spec.height + "px" } });
    let chart = null;
    // Made when its width is known, and again where the theme changes; gone when the figure is.
    const watch = new ResizeObserver(() => {
        if (!plot.isConnected) {
            watch.disconnect();
            document.removeEventListener("themechange", repaint);
            chart?.destroy();
        } else if (!chart) {
            chart = plot_draw(full, plot, tip);
        } else {
            chart.setSize({ width: plot.clientWidth, height: spec.height });
        }
    });
    const repaint = () => chart?.redraw(false);
    watch.observe(plot);
    document.addEventListener("themechange", repaint);
    if (spec.plain) return make("div", { class: "chart", role: "img", "aria-label": summary_text(full) }, plot, tip);
    return make(
        "figure",
        { class: "chart" },
        make("div", { role: "img", "aria-label": summary_text(full) }, plot, tip),
        make("figcaption", null, legend_new(full), notes_new(full)),
        numbers_new(full),
    );
}

// What is known of the time itself: gaps, losses, and which steps are unknown.
export function known_of({ loss, times, step }) {
    const gaps = loss?.gaps ?? [];
    return {
        gaps,
        losses: losses_by_bucket(loss?.loss ?? [], loss?.size ?? step),
        unknown: steps_unknown(times, step, gaps),
    };
}

// --- the plot ---

function plot_data(spec) {
    const [moments, ...rates] = series_points(spec, spec.lines, spec.metric, spec.unknown);
    const parts = spec.lines.filter(({ dashed }) => !dashed).length;
    const shown =
        spec.shape === "stacked"
            ? [...series_stack(rates.slice(0, parts)), ...rates.slice(parts)]
            : spec.shape === "mirrored"
              ? rates.map((line, i) => (i === 1 ? line.map((rate) => rate && -rate) : line))
              : rates;
    return [moments, ...shown];
}

function plot_draw(spec, plot, tip) {
    const filled = spec.shape !== "lines";
    const stroke = (line) => () => css_value(line.colour);
    const series = spec.lines.map((line) => ({
        label: line.label,
        stroke: stroke(line),
        width: filled ? 1 : 1.5,
        dash: line.dashed ? [4, 4] : undefined,
        fill: filled && !line.dashed ? () => css_value(line.colour) + "c0" : undefined,
        fillTo: spec.shape === "mirrored" ? () => 0 : undefined,
        paths: uPlot.paths.stepped({ align: 1 }),
        points: { show: false },
    }));
    const axis = {
        stroke: () => css_value("--muted"),
        font: "11px system-ui, sans-serif",
        grid: { stroke: () => css_value("--line"), width: 1 },
        ticks: { show: false },
    };
    const drag = { x: Boolean(spec.zoom), y: false, setScale: false };
    return new uPlot(
        {
            width: plot.clientWidth,
            height: spec.height,
            legend: { show: false },
            padding: [8, 20, 0, 0], // half of a time below the right end
            cursor: { drag, y: false, points: { show: false } },
            scales: {
                x: { time: true, range: [spec.from, spec.to] },
                y: { range: (u, least, most) => range_of(least, most) },
            },
            series: [{}, ...series],
            bands:
                spec.shape === "stacked"
                    ? spec.lines
                          .filter(({ dashed }) => !dashed)
                          .slice(1)
                          .map((line, i) => ({ series: [i + 2, i + 1] }))
                    : [],
            axes: [
                {
                    ...axis,
                    incrs: TICKS,
                    space: 70,
                    size: spec.plain ? 32 : 40,
                    splits: zone_splits(spec.zone),
                    values: (u, ticks, index, space, step) => ticks_text(ticks, step, spec.zone),
                },
                {
                    ...axis,
                    size: 76,
                    space: spec.plain ? 24 : 36,
                    incrs: undefined,
                    values: (u, ticks) => ticks.map((tick) => (tick ? rate_text(spec.metric, Math.abs(tick)) : "0")),
                },
            ],
            hooks: {
                drawClear: [(u) => shades_draw(u, spec)],
                draw: [(u) => marks_draw(u, spec)],
                setCursor: [(u) => tip_show(u, spec, tip)],
                setSelect: [(u) => select_done(u, spec)],
            },
        },
        plot_data(spec),
        plot,
    );
}

// Ticks at whole hours and days of the zone that is shown, also over a change of the clock.
function zone_splits(zone) {
    return (u, index, from, to, step) => {
        const shift = zone === "utc" ? 0 : -60 * new Date(from * 1000).getTimezoneOffset();
        const ticks = [];
        for (let tick = Math.ceil((from + shift) / step) * step - shift; tick <= to; tick += step) ticks.push(tick);
        return ticks;
    };
}

const range_of = (least, most) => [least < 0 ? least * 1.05 : 0, most > 0 ? most * 1.05 : least < 0 ? 0 : 1];

function select_done(u, spec) {
    const { left, width } = u.select;
    if (width < 4) return;
    const at = (x) => u.posToVal(x, "x");
    const whole = (moment, round) => spec.times[0] + round((moment - spec.times[0]) / spec.step) * spec.step;
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    spec.zoom(Math.max(spec.from, whole(at(left), Math.floor)), Math.min(spec.to, whole(at(left + width), Math.ceil)));
}

// Calls draw(x, width) for a span of time that is in sight.
function span_draw(u, { from, to }, least, draw) {
    const { left, width } = u.bbox;
    const x = Math.max(left, u.valToPos(from, "x", true));
    const end = Math.min(left + width, u.valToPos(to, "x", true));
    if (end > left && x < left + width) draw(x, Math.max(least, end - x));
}

function hatch_new(context, colour) {
    const tile = new OffscreenCanvas(8, 8);
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const shift of [-8, 0, 8]) (pen.moveTo(shift, 8), pen.lineTo(shift + 8, 0));
    pen.stroke();
    return context.createPattern(tile, "repeat");
}

// Below the series: where nothing is known, and where the time is still running.
function shades_draw(u, spec) {
    const { top, height } = u.bbox;
    const running = spec.now
        ? [{ from: Math.max(spec.from, Math.floor(spec.now / spec.step) * spec.step), to: spec.to }]
        : [];
    u.ctx.save();
    u.ctx.fillStyle = hatch_new(u.ctx, css_value("--hatch"));
    for (const gap of spec.gaps) span_draw(u, gap, 2, (x, width) => u.ctx.fillRect(x, top, width, height));
    u.ctx.fillStyle = css_value("--running");
    for (const span of running) span_draw(u, span, 0, (x, width) => u.ctx.fillRect(x, top, width, height));
    u.ctx.restore();
}

// Above them: where something is known to be lost.
function marks_draw(u, spec) {
    const { top, height } = u.bbox;
    u.ctx.save();
    for (const loss of spec.losses)
        span_draw(u, loss, 2, (x, width) => {
            u.ctx.fillStyle = css_value("--loss") + "30";
            u.ctx.fillRect(x, top, width, height);
            u.ctx.fillStyle = css_value("--loss");
            u.ctx.fillRect(x, top, width, 4 * devicePixelRatio);
        });
    u.ctx.restore();
}

const lost_text = (lost) =>
    Object.entries(lost)
        .map(([what, count]) => `${exact_text(count)} ${what}`)
        .join(", ");
const swatch_new = (colour) => make("span", { class: "swatch", style: { background: `var(${colour})` } });

function tip_show(u, spec, tip) {
    const { left, idx } = u.cursor;
    tip.hidden = left < 0 || idx === null || !spec.times.length;
    if (tip.hidden) return;
    // The cursor snaps to the nearest start of a step; what is meant is the step it stands in.
    const at = Math.min(
        spec.times.length - 1,
        Math.max(0, Math.floor((u.posToVal(left, "x") - spec.times[0]) / spec.step)),
    );
    const time = spec.times[at];
    const rows = spec.lines
        .map((line) => ({ line, value: line.values[at] }))
        .filter(({ value }) => value)
        .sort((a, b) => b.value - a.value)
        .slice(0, 12)
        .map(({ line, value }) =>
            make(
                "tr",
                null,
                make("th", null, swatch_new(line.colour), line.label),
                make("td", null, rate_text(spec.metric, rate_of(spec.metric, value, step_seconds(spec, at)))),
                make("td", null, amount_text(spec.metric, value)),
            ),
        );
    const loss = spec.losses.filter(({ from, to }) => from < time + spec.step && to > time);
    tip.replaceChildren(
        make("p", null, `${moment_text(time, spec.zone)} + ${span_text(spec.step)}`),
        spec.unknown[at]
            ? make("p", null, "No data")
            : rows.length
              ? make("table", null, rows)
              : make("p", null, "No traffic"),
        loss.length ? make("p", { class: "loss" }, `Lost: ${lost_text(losses_total(loss))}`) : "",
    );
    const room = u.over.clientWidth;
    const x = u.over.offsetLeft + (left > room / 2 ? left - tip.offsetWidth - 12 : left + 12);
    tip.style.transform = `translate(${Math.max(0, x)}px, 8px)`;
}

// --- the same in words ---

function legend_new(spec) {
    if (spec.lines.length < 2 || spec.lines.length > 16) return null;
    return make(
        "ul",
        { class: "legend" },
        spec.lines.map((line) => make("li", null, swatch_new(line.colour), line.label)),
    );
}

export function notes_new(spec) {
    const notes = [];
    const hours = spec.gaps.reduce(
        (sum, { from, to }) => sum + Math.max(0, Math.min(to, spec.to) - Math.max(from, spec.from)),
        0,
    );
    if (hours > 0)
        notes.push(make("li", null, make("span", { class: "swatch gap" }), `No data for ${span_text(hours)}`));
    if (spec.losses.length)
        notes.push(make("li", null, swatch_new("--loss"), `Known losses: ${lost_text(losses_total(spec.losses))}`));
    return notes.length ? make("ul", { class: "legend" }, notes) : null;
}

export function summary_text(spec) {
    const parts = spec.lines.filter(({ dashed }) => !dashed);
    const sum = parts.reduce((total, { values }) => total + values.reduce((a, b) => a + b, 0), 0);
    const peak = series_peak(spec, parts, spec.metric);
    const lost = lost_text(losses_total(spec.losses));
    return (
        `${metric_title(spec.metric)} from ${moment_text(spec.from, spec.zone)} ` +
        `to ${moment_text(spec.to, spec.zone)}, ` +
        `${spec.times.length} steps of ${span_text(spec.step)}: ${amount_text(spec.metric, sum)} total` +
        (peak?.rate ? `, peak ${rate_text(spec.metric, peak.rate)} at ${moment_text(peak.at, spec.zone)}` : "") +
        (spec.lines.length > 1
            ? `; ${spec.lines
                  .slice(0, 10)
                  .map(({ label }) => label)
                  .join(", ")}`
            : "") +
        (lost ? `; lost: ${lost}` : "")
    );
}

// The table that a chart's numbers can be read from, made when it is opened.
export function numbers_new(spec) {
    const details = make(
        "details",
        { class: "data", ontoggle: () => details.children.length === 1 && details.append(table_new(spec)) },
        make("summary", null, "Show as table"),
    );
    return details;
}

function table_new(spec) {
    const cell = (value) => make("td", { class: "number" }, exact_text(value));
    return make(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of the chart" },
        make(
            "table",
            null,
            make(
                "thead",
                null,
                make(
                    "tr",
                    null,
                    make("th", { scope: "col" }, "From"),
                    spec.lines.map(({ label }) => make("th", { scope: "col", class: "number" }, label)),
                ),
            ),
            make(
                "tbody",
                null,
                spec.times.map((time, i) =>
                    make(
                        "tr",
                        null,
                        make("th", { scope: "row" }, moment_text(time, spec.zone)),
                        spec.unknown[i]
                            ? make("td", { colspan: spec.lines.length }, "no data")
                            : spec.lines.map(({ values }) => cell(values[i])),
                    ),
                ),
            ),
        ),
    );
}
