// Begins: the address becomes a state, the state a view; every link and control comes back here as another state.
import "./theme.css";
import { api_abort, api_get, clock_now, clock_set } from "./api.js";
import { bundle_open } from "./bundle.js";
import { announce, controls_show, make } from "./dom.js";
import { explore_open } from "./explore.js";
import { error_show } from "./filter_input.js";
import { flows_open } from "./flows.js";
import { graph_open } from "./graph.js";
import { hive_open } from "./hive.js";
import { host_open } from "./host.js";
import { keys_listen, keys_show } from "./keys.js";
import { overview_open } from "./overview.js";
import { pipeline_open } from "./pipeline.js";
import { state_address, state_new, state_read, state_with, VIEWS } from "./state.js";
import { moment_text, range_address, range_read, zone_text } from "./time.js";
import { toolbar_open } from "./toolbar.js";

const OPEN = {
    overview: overview_open,
    explore: explore_open,
    flows: flows_open,
    host: host_open,
    graph: graph_open,
    bundle: bundle_open,
    hive: hive_open,
    pipeline: pipeline_open,
};
const LIVE_MS = 10000;
// What is known of the tables before the server has said it.
const DIMENSIONS = [
    ["src", "Source"],
    ["dst", "Destination"],
    ["host", "Host"],
    ["sport", "Source port"],
    ["dport", "Destination port"],
    ["port", "Port"],
    ["proto", "Protocol"],
    ["class", "Class"],
    ["family", "Family"],
].map(([name, title]) => ({ name, title, filter: true, group: true }));

// The present in whole minutes, so that questions within a minute are the same ones.
const minute_next = () => Math.ceil(clock_now() / 60) * 60;

const page = {
    state: null,
    meta: null,
    problems: [],
    moment: 0,
    values: {},

    now: () => page.moment,
    range: () => range_read(page.state.range, page.moment, "utc"),
    dimensions: () => page.meta?.dimensions ?? DIMENSIONS,
    dimension: (name) => page.dimensions().find((dimension) => dimension.name === name),
    title: (name) => page.dimension(name)?.title ?? name,
    // Values that have been shown, for completion.
    seen: () => page.values,
    see(dimensions, groups) {
        for (const group of groups)
            dimensions.forEach((dimension, i) => {
                const known = (page.values[dimension] ??= []);
                if (
                    !["proto", "class", "family"].includes(dimension) &&
                    known.length < 500 &&
                    !known.some(({ value }) => value === group.key[i])
                )
                    known.push({ value: group.key[i], hint: group.name?.[i] ?? "" });
            });
    },

    go(changes, replace) {
        const address = state_address(state_with(page.state, changes));
        if (address === location.pathname + location.search) return page.show();
        history[replace ? "replaceState" : "pushState"](null, "", address);
        page.read();
    },
    // A range that ends now goes on with time.
    zoom(from, to) {
        const minutes = Math.max(1, Math.round((to - from) / 60));
        const running = Math.abs(page.moment - to) < 60;
        const length = minutes % 60 === 0 ? `-${minutes / 60}h` : `-${minutes}m`;
        page.go({ range: running ? [length, "now"] : range_address(from, to), live: running && page.state.live });
    },
    reload: () => page.show(),
    theme_switch,

    // The address as it stands now.
    read() {
        const { state, problems } = state_read(location.pathname, location.search);
        if (!range_read(state.range, clock_now(), "utc")) {
            problems.push("The period in the address ends before it starts");
            state.range = state_new(state.view).range;
        }
        Object.assign(page, { state, problems });
        page.show();
    },
    show,
};

let opened = null,
    toolbar = null,
    live_timer = null;

function show() {
    const { state } = page;
    if (!page.meta) meta_load();
    const main = document.getElementById("main");
    page.moment = minute_next();
    problems_show();
    head_show();
    toolbar(state);
    if (opened?.view !== state.view || opened.host !== state.host) {
        api_abort();
        const view = OPEN[state.view](page);
        opened = { view: state.view, host: state.host, update: view.update };
        main.replaceChildren(make("h1", { class: "hidden" }, VIEWS[state.view].title), ...view.elements);
        main.className = state.view;
        if (history.length > 1 && document.activeElement === document.body) scrollTo(0, 0);
    }
    const host = state.view === "host" ? ` ${state.host}` : "";
    document.title = `${VIEWS[state.view].title}${host} – flowimport`;
    opened.update(state);
    clearTimeout(live_timer);
    if (state.live || state.view === "pipeline") live_timer = setTimeout(live_tick, LIVE_MS);
}

// While nobody looks, nothing is asked.
function live_tick() {
    if (document.hidden) live_timer = setTimeout(live_tick, LIVE_MS);
    else show();
}

function problems_show() {
    document.getElementById("problems").replaceChildren(...page.problems.map((text) => make("p", null, text + ".")));
}

function head_show() {
    const { state } = page;
    const entries = Object.entries(VIEWS).filter(([view]) => view !== "host" || state.view === "host");
    controls_show(
        document.getElementById("views"),
        entries.map(([view, { title }]) =>
            make(
                "a",
                {
                    href: state_address(view === state.view ? state : state_with(state, { view, host: "" })),
                    "aria-current": view === state.view ? "page" : null,
                    "data-key": `view ${view}`,
                },
                title,
            ),
        ),
    );
    document.querySelector(".brand").href = state_address(state_with(state, { view: "overview", host: "" }));
    controls_show(document.getElementById("settings"), [
        make(
            "button",
            {
                type: "button",
                id: "zone",
                title: "Local time or UTC (u)",
                onclick: () => page.go({ zone: state.zone === "utc" ? "local" : "utc" }),
            },
            zone_text(state.zone, page.moment),
        ),
        make(
            "button",
            {
                type: "button",
                id: "theme",
                title: "Dark or light (d)",
                "aria-label": "Dark or light",
                onclick: theme_switch,
            },
            "◐",
        ),
        make(
            "button",
            { type: "button", id: "help", title: "Keyboard shortcuts (?)", "aria-label": "Keyboard shortcuts", onclick: () => keys_show() },
            "?",
        ),
    ]);
}

function theme_switch() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
        localStorage.setItem("theme", root.dataset.theme);
    } catch {
        // Without storage it holds for as long as the page is open.
    }
    document.dispatchEvent(new Event("themechange"));
}

// Links are followed without a new page, but where another window is asked for.
function link_followed(event) {
    const link = event.target.closest?.("a[href]");
    if (
        !link ||
        event.defaultPrevented ||
        event.button ||
        event.ctrlKey ||
        event.metaKey ||
        event.shiftKey ||
        event.altKey
    )
        return;
    const url = new URL(link.href.baseVal ?? link.href, location.href);
    if (
        url.origin !== location.origin ||
        url.pathname.startsWith("/api/") ||
        link.hasAttribute("download") ||
        link.hash
    )
        return;
    event.preventDefault();
    history.pushState(null, "", url);
    page.read();
}

async function meta_load() {
    const meta = await api_get("meta", "/api/meta").catch(() => null);
    if (!meta) return;
    page.meta = meta;
    clock_set(meta.now);
}

async function begin() {
    toolbar = toolbar_open(page, document.getElementById("toolbar"));
    document.addEventListener("click", link_followed);
    addEventListener("popstate", () => page.read());
    keys_listen(page);
    // The frame is there at once; the views wait for what the tables have, or for the word that there is no server.
    const { state } = state_read(location.pathname, location.search);
    page.moment = minute_next();
    page.state = { ...state, range: state_new(state.view).range };
    head_show();
    await meta_load();
    page.read();
    const { from, to } = page.range();
    announce(`${moment_text(from, page.state.zone)} to ${moment_text(to, page.state.zone)}`);
}

// The server's word on the filter belongs beside the field.
addEventListener("filtererror", (event) => error_show(null, event.detail));

begin();
