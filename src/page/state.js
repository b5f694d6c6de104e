// What the page shows, as its address: the one place that reads and writes it.
//
//   address = "/" [view] ["/" host] ["?" name "=" value *("&" name "=" value)]
//   view    = (none: overview) | explore | flows | host | graph | bundle | hive | pipeline; host alone has a "/" host
//
//   name  value                          means                                          where nothing is said
//   t     from ".." to                   the time; each: now, -90m, -24h, -7d, -2w,     -24h..now
//                                        2026-11-23, 2026-11-23T03:10Z, with :SS
//   f     terms, a "+" between           the filter, as flowimport-api(7) has it        all flows
//   m     octets | packets | flows       what is counted; any configured sum            octets
//   g     name ["," name]                grouped by                                     src
//   v     stacked | lines | heat | table | sankey | matrix                              stacked
//   n     1 to 1000                      how many groups, flows or nodes                by view: VIEWS
//   c     before                         compared with the period before                not
//   l     live                           read again as time goes on                     not
//   z     utc                            times are shown in UTC                         the browser's zone
//   s     ["-"] column                   sorted by; "-": the greatest first             what is counted, "-"
//   o     number                         flows left out at the beginning                0
//   w     whole                          flows added up over all buckets                one row a bucket
//   y     force | hilbert | circle       layout of the graph                            force
//   q     charge "," gravity "," length  forces of the graph                            -120,0.1,60
//   e     others                         what is beyond n is one node                   left out
//   h     volume | time                  what colours mean                              volume
//   b     0 to 3                         address bytes by which the bundle is grouped   1
//   k     0 to 100                       tension of the bundle, in percent              85
//   i     both | out | in                whose edges are shown of a node pointed at     both
//   a     list ";" list ";" list         prefixes of the hive's axes, "," between       private;128.0.0.0/1;rest
//   x     log | linear                   scale of the hive's axes                       log
//   u     none | peers | ports | hosts   of which a table tells how many there are      none
//   d     3 of b | f | r                 directions 1-2, 2-3, 3-1: both, forth, back    bbb
//
// What is at its default is not written. What can't be read is reported and stands at its default.

const MOMENT = /^(now|-\d{1,6}[smhdw]|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?)$/;

// n: groups, rows or nodes that the view shows where the address says nothing.
export const VIEWS = {
    overview: { title: "Overview", n: 10 },
    explore: { title: "Explore", n: 10 },
    flows: { title: "Flows", n: 100 },
    host: { title: "Host", n: 10 },
    graph: { title: "Graph", n: 100 },
    bundle: { title: "Bundle", n: 60 },
    hive: { title: "Hive", n: 255 },
    pipeline: { title: "Pipeline", n: 10 },
};

export const METRICS = ["octets", "packets", "flows"];
export const KINDS = ["stacked", "lines", "heat", "table", "sankey", "matrix"];
export const AXES = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7;128.0.0.0/1;0.0.0.0/0,::/0";

const word = (...words) => ({ read: (text) => (words.includes(text) ? text : null), accepted: words.join(", ") });
const flag = (name) => ({
    read: (text) => (text === name ? true : null),
    write: () => name,
    initial: false,
    accepted: name,
});
const number = (least, most) => ({
    read: (text) => (/^\d{1,9}$/.test(text) && +text >= least && +text <= most ? +text : null),
    accepted: `a number from ${least} to ${most}`,
});
const pattern = (expression, accepted) => ({ read: (text) => (expression.test(text) ? text : null), accepted });

function range_read(text) {
    const ends = text.split("..");
    return ends.length === 2 && ends.every((end) => MOMENT.test(end)) ? ends : null;
}

// In the order in which they are written. keep: goes along from view to view.
const PARAMETERS = {
    t: {
        key: "range",
        read: range_read,
        write: (range) => range.join(".."),
        initial: ["-24h", "now"],
        keep: true,
        accepted: "two times separated by ..: -24h..now, 2026-11-23T03:10Z..2026-11-23T04:00Z",
    },
    f: { key: "filter", read: (text) => text.trim(), initial: "", keep: true },
    m: { key: "metric", ...pattern(/^[a-zA-Z]\w{0,63}$/, "octets, packets, flows"), initial: "octets", keep: true },
    g: {
        key: "group",
        initial: ["src"],
        write: (names) => names.join(","),
        accepted: "one or two names: src,dst",
        read: (text) => (/^[a-zA-Z][\w/]*(,[a-zA-Z][\w/]*)?$/.test(text) ? text.split(",") : null),
    },
    v: { key: "kind", ...word(...KINDS), initial: "stacked" },
    n: { key: "n", ...number(1, 1000) },
    c: { key: "compare", ...flag("before"), keep: true },
    l: { key: "live", ...flag("live"), keep: true },
    z: { key: "zone", ...word("utc", "local"), initial: "local", keep: true },
    s: { key: "sort", ...pattern(/^-?[a-zA-Z]\w{0,63}$/, "a column: -octets"), initial: "" },
    o: { key: "offset", ...number(0, 100000), initial: 0 },
    w: { key: "whole", ...flag("whole") },
    y: { key: "layout", ...word("force", "hilbert", "circle"), initial: "force" },
    q: {
        key: "forces",
        initial: [-120, 0.1, 60],
        write: (forces) => forces.join(","),
        accepted: "charge,gravity,length: -120,0.1,60",
        read: (text) => (/^-?\d{1,4},\d(\.\d{1,3})?,\d{1,3}$/.test(text) ? text.split(",").map(Number) : null),
    },
    e: { key: "others", ...flag("others") },
    h: { key: "colour", ...word("volume", "time"), initial: "volume" },
    b: { key: "bytes", ...number(0, 3), initial: 1 },
    k: { key: "tension", ...number(0, 100), initial: 85 },
    i: { key: "ends", ...word("both", "out", "in"), initial: "both" },
    a: {
        key: "axes",
        ...pattern(/^[0-9a-fA-F.:/,]+(;[0-9a-fA-F.:/,]+){2}$/, "three lists of prefixes"),
        initial: AXES,
    },
    x: { key: "scale", ...word("log", "linear"), initial: "log" },
    u: { key: "different", ...word("none", "peers", "ports", "hosts"), initial: "none" },
    d: { key: "directions", ...pattern(/^[bfr]{3}$/, "three of b, f, r"), initial: "bbb" },
};

const same = (a, b) => String(a) === String(b);

export function state_new(view = "overview") {
    const state = { view, host: "" };
    for (const parameter of Object.values(PARAMETERS)) state[parameter.key] = parameter.initial;
    state.n = VIEWS[view].n;
    return state;
}

// Of "/explore" and "?t=-24h..now": the state, and a text for each thing that can't be read.
export function state_read(path, search) {
    const problems = [];
    const [first, ...rest] = path.split("/").filter(Boolean).map(part_decode);
    const known = first === undefined || (first !== "overview" && Object.hasOwn(VIEWS, first));
    if (!known) problems.push(`Page not found: /${first}`);
    const state = state_new(known && first ? first : "overview");
    if (state.view === "host") state.host = rest.join("/").trim();
    for (const piece of search.replace(/^\?/, "").split("&").filter(Boolean)) {
        const [name, text] = [
            piece.split("=", 1)[0],
            part_decode(piece.slice(piece.indexOf("=") + 1).replaceAll("+", " ")),
        ];
        const parameter = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : null;
        const value = parameter ? parameter.read(text) : null;
        if (value !== null) state[parameter.key] = value;
        else
            problems.push(
                `${name}=${text} in the address is not valid` +
                    (parameter ? `; accepted: ${parameter.accepted}` : ""),
            );
    }
    return { state, problems };
}

function part_decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

// Only what would end the value or is not allowed in an address is encoded, so that it stays readable.
const part_encode = (text) =>
    String(text)
        .replace(/[^\w\-.~!$'()*,;:@/= ]/gu, encodeURIComponent)
        .replaceAll(" ", "+");

export function state_address(state) {
    const initial = state_new(state.view);
    const path =
        state.view === "overview"
            ? "/"
            : "/" +
              state.view +
              (state.view === "host" ? "/" + state.host.replace(/[^\w.:\-~]/gu, encodeURIComponent) : "");
    const pieces = Object.entries(PARAMETERS)
        .filter(([, parameter]) => !same(state[parameter.key], initial[parameter.key]))
        .map(([name, { key, write }]) => name + "=" + part_encode(write ? write(state[key]) : state[key]));
    return path + (pieces.length ? "?" + pieces.join("&") : "");
}

// The same with some things changed. What belongs to a view is left behind when it is left.
export function state_with(state, changes) {
    let base = state;
    if (changes.view && changes.view !== state.view) {
        base = state_new(changes.view);
        for (const { key, keep } of Object.values(PARAMETERS)) if (keep) base[key] = state[key];
    }
    const next = { ...base, ...changes };
    // Another filter, time or order begins at its first row.
    if (!("offset" in changes)) next.offset = 0;
    return next;
}
