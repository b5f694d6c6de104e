// The address and the state: what is written is read back, by hand-written cases and by random states.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AXES, state_address, state_new, state_read, state_with, VIEWS } from "../../src/page/state.js";

const read = (address) => {
    const at = address.indexOf("?");
    return at < 0 ? state_read(address, "") : state_read(address.slice(0, at), address.slice(at));
};

test("the grammar's names, each with what it means", () => {
    const cases = [
        ["/", {}],
        [
            "/explore?t=-1h..now&f=host=10.0.0.0/8+!port=53&m=packets&g=src,dport&v=sankey&n=20&c=before&l=live&z=utc",
            {
                view: "explore",
                range: ["-1h", "now"],
                filter: "host=10.0.0.0/8 !port=53",
                metric: "packets",
                group: ["src", "dport"],
                kind: "sankey",
                n: 20,
                compare: true,
                live: true,
                zone: "utc",
            },
        ],
        ["/?t=2026-11-23T03:10Z..2026-11-23T04:00:30Z", { range: ["2026-11-23T03:10Z", "2026-11-23T04:00:30Z"] }],
        ["/flows?n=500&s=bucket&o=1000&w=whole", { view: "flows", sort: "bucket", offset: 1000, whole: true, n: 500 }],
        ["/host/2001:db8::1?f=proto=tcp", { view: "host", host: "2001:db8::1", filter: "proto=tcp" }],
        [
            "/graph?y=hilbert&q=-300,0.25,90&e=others&h=time",
            { view: "graph", layout: "hilbert", forces: [-300, 0.25, 90], others: true, colour: "time" },
        ],
        ["/bundle?b=3&k=40&i=out", { view: "bundle", bytes: 3, tension: 40, ends: "out" }],
        [
            "/hive?a=10.0.0.0/8;fc00::/7;0.0.0.0/0,::/0&x=linear&d=bfr",
            { view: "hive", axes: "10.0.0.0/8;fc00::/7;0.0.0.0/0,::/0", scale: "linear", directions: "bfr" },
        ],
        ["/pipeline?z=utc", { view: "pipeline", zone: "utc" }],
    ];
    for (const [address, expected] of cases) {
        const { state, problems } = read(address);
        assert.deepEqual(problems, [], address);
        assert.deepEqual(state, { ...state_new(expected.view ?? "overview"), ...expected }, address);
        assert.deepEqual(read(state_address(state)).state, state, address);
    }
    // The names in the order of the grammar: already the shortest form.
    for (const [address] of cases.filter(([address]) => !address.startsWith("/flows")))
        assert.equal(state_address(read(address).state), address);
});

test("what is at its default is not written", () => {
    for (const view of Object.keys(VIEWS).filter((name) => name !== "host"))
        assert.equal(state_address(state_new(view)), view === "overview" ? "/" : `/${view}`);
    assert.equal(state_new("hive").axes, AXES);
});

test("what can't be read is reported and at its default", () => {
    const cases = [
        [
            "/?t=yesterday",
            "t=yesterday in the address is not valid; accepted: two times separated by ..: -24h..now, " +
                "2026-11-23T03:10Z..2026-11-23T04:00Z",
        ],
        ["/?n=0", "n=0 in the address is not valid; accepted: a number from 1 to 1000"],
        ["/?n=1001", "n=1001 in the address is not valid; accepted: a number from 1 to 1000"],
        [
            "/explore?v=pie",
            "v=pie in the address is not valid; accepted: stacked, lines, heat, table, sankey, matrix",
        ],
        ["/?c=after", "c=after in the address is not valid; accepted: before"],
        ["/?nonsense=1", "nonsense=1 in the address is not valid"],
        ["/?__proto__=1", "__proto__=1 in the address is not valid"],
        ["/?m=%3Cscript%3E", "m=<script> in the address is not valid; accepted: octets, packets, flows"],
        ["/nowhere", "Page not found: /nowhere"],
        ["/constructor", "Page not found: /constructor"],
    ];
    for (const [address, problem] of cases) {
        const { state, problems } = read(address);
        assert.deepEqual(problems, [problem]);
        assert.deepEqual(state, state_new(state.view));
    }
    assert.deepEqual(read("/?f=%E0%A4%A").state.filter, "%E0%A4%A");
});

test("any filter and any address of a host come back as they were", () => {
    let seed = 1;
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    const letters = "a1.:/,=!+&#?%~'\"<>äß中 \\";
    for (let i = 0; i < 2000; i++) {
        const text = Array.from({ length: random(20) }, () => [...letters][random([...letters].length)])
            .join("")
            .trim();
        const state = { ...state_new("explore"), filter: text, n: 1 + random(1000) };
        const { state: again, problems } = read(state_address(state));
        assert.deepEqual(again, state);
        assert.deepEqual(problems, []);
        // Of blanks and quotes nothing is left that an address must not have.
        assert.match(state_address(state), /^\/explore[\w\-.~!$'()*,;:@/=+%?&]*$/);
        const host = { ...state_new("host"), host: text.replaceAll("/", "").trim() };
        assert.equal(read(state_address(host)).state.host, host.host);
    }
});

test("from view to view go time, filter and what is counted; the rest belongs to a view", () => {
    const state = {
        ...state_new("explore"),
        range: ["-7d", "now"],
        filter: "proto=tcp",
        metric: "flows",
        zone: "utc",
        live: true,
        compare: true,
        group: ["dst"],
        n: 50,
        kind: "heat",
        offset: 100,
    };
    assert.deepEqual(state_with(state, { view: "flows" }), {
        ...state_new("flows"),
        range: ["-7d", "now"],
        filter: "proto=tcp",
        metric: "flows",
        zone: "utc",
        live: true,
        compare: true,
    });
    assert.deepEqual(state_with(state, { n: 20 }), { ...state, n: 20, offset: 0 });
    assert.equal(state_with(state, { offset: 200 }).offset, 200);
});
