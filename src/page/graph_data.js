// Pairs of hosts as nodes and edges, for the graph, the bundle and the hive: the greatest nodes, the rest as "others".

export const OTHERS = "others";
export const SLICES = 24; // of time, for colours

// answer: of group=src,dst. [{id, name, out, in, sum}] and [{source, target, value, when}], `when` from 0 (early) to 1
// (late): the slice of time in which most went over the edge. Without `others` what is beyond the `n` greatest nodes is
// left out.
export function graph_make(answer, metric, n, others) {
    const sums = new Map();
    for (const group of answer.groups)
        group.key.forEach((id, side) => {
            const node = sums.get(id) ?? { id, name: group.name?.[side] ?? "", out: 0, in: 0 };
            node[side ? "in" : "out"] += group[metric];
            sums.set(id, node);
        });
    const ranked = [...sums.values()].sort((a, b) => b.out + b.in - a.out - a.in || (a.id < b.id ? -1 : 1));
    const kept = new Set(ranked.slice(0, n).map(({ id }) => id));
    const edges = new Map(),
        nodes = new Map();
    answer.groups.forEach((group, i) => {
        const [source, target] = group.key.map((id) => (kept.has(id) ? id : OTHERS));
        if (!group[metric] || ((source === OTHERS || target === OTHERS) && (!others || source === target))) return;
        const key = `${source}\n${target}`;
        const edge = edges.get(key) ?? { source, target, value: 0, slices: [] };
        edge.value += group[metric];
        (answer.series?.[i] ?? []).forEach((value, k) => (edge.slices[k] = (edge.slices[k] ?? 0) + value));
        edges.set(key, edge);
        for (const [id, side] of [
            [source, "out"],
            [target, "in"],
        ]) {
            const node = nodes.get(id) ?? { id, name: sums.get(id)?.name ?? "", out: 0, in: 0, sum: 0 };
            node[side] += group[metric];
            node.sum += group[metric];
            nodes.set(id, node);
        }
    });
    const last = Math.max(1, (answer.times?.length ?? 1) - 1);
    return {
        nodes: [...nodes.values()].sort((a, b) => b.sum - a.sum || (a.id < b.id ? -1 : 1)),
        edges: [...edges.values()]
            .sort((a, b) => a.value - b.value)
            .map(({ source, target, value, slices }) => ({
                source,
                target,
                value,
                when: slices.indexOf(Math.max(0, ...slices)) / last,
            })),
        left: ranked.length - kept.size,
    };
}

// 16 bytes or 4 of an address as numbers; null of what is none.
export function address_bytes(text) {
    if (/^\d+(\.\d+){3}$/.test(text)) return text.split(".").map(Number);
    if (!text.includes(":")) return null;
    const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
    if (tail) {
        const [a, b, c, d] = tail[2].split(".").map(Number);
        return address_bytes(tail[1] + (a * 256 + b).toString(16) + ":" + (c * 256 + d).toString(16));
    }
    const [left, right] = text.split("::").map((part) => part.split(":").filter(Boolean));
    const words = right ? [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right] : left;
    if (words.length !== 8 || !words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return null;
    return words.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255]);
}

// "10.0.0.0/8" of an address' first bytes; of IPv6 two bytes for each one asked for.
export function address_group(text, bytes) {
    const all = address_bytes(text);
    if (!all || !bytes) return "";
    if (all.length === 4) return all.map((byte, i) => (i < bytes ? byte : 0)).join(".") + `/${8 * bytes}`;
    const words = Array.from({ length: bytes }, (none, i) => (all[2 * i] * 256 + all[2 * i + 1]).toString(16));
    return words.join(":") + `::/${16 * bytes}`;
}

// Whether the address lies in one of the prefixes; null where one of them is none.
export function address_within(text, prefixes) {
    const bytes = address_bytes(text);
    if (!bytes) return false;
    return prefixes.some((prefix) => {
        const [start, length] = prefix.split("/");
        const first = address_bytes(start);
        if (!first || first.length !== bytes.length) return false;
        const bits = length === undefined ? 8 * bytes.length : +length;
        return bytes.every((byte, i) => {
            const mask = 0xff & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - bits)));
            return (byte & mask) === (first[i] & mask);
        });
    });
}

// The first text that is no prefix, or null.
export const prefix_wrong = (prefixes) =>
    prefixes.find((prefix) => {
        const [start, length, rest] = prefix.split("/");
        const bytes = address_bytes(start);
        return (
            !bytes ||
            bytes.some((byte) => byte > 255) ||
            rest !== undefined ||
            (length !== undefined && (!/^\d{1,3}$/.test(length) || +length > 8 * bytes.length))
        );
    }) ?? null;

// How an edge looks: the wider and the more solid the more, and by when it was where colours mean time.
export function edge_style(edge, most, colour) {
    const share = Math.sqrt(edge.value / most);
    const early = `${Math.round(100 * (1 - edge.when))}%`;
    return {
        stroke: colour === "time" ? `color-mix(in oklab, var(--early) ${early}, var(--late))` : "var(--edge)",
        "stroke-width": `${(0.5 + 3 * share).toFixed(2)}px`,
        "stroke-opacity": (0.12 + 0.7 * share * share).toFixed(2),
    };
}
