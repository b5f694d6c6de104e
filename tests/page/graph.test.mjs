// Hosts as nodes and edges, addresses as bytes, and where the layouts put them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { address_bytes, address_group, address_within, graph_make, prefix_wrong } from "../../src/page/graph_data.js";

const pair = (src, dst, octets) => ({ key: [src, dst], name: ["", ""], octets });
const answer = {
    groups: [
        pair("a", "b", 100),
        pair("b", "a", 50),
        pair("c", "a", 10),
        pair("d", "c", 5),
        pair("d", "e", 1),
        pair("e", "e", 0),
    ],
    times: [0, 600, 1200],
    series: [
        [100, 0, 0],
        [0, 20, 30],
        [0, 10, 0],
        [0, 0, 5],
        [1, 0, 0],
        [0, 0, 0],
    ],
};

test("the greatest nodes and the edges between them", () => {
    const { nodes, edges, left } = graph_make(answer, "octets", 3, false);
    assert.deepEqual(nodes, [
        { id: "a", name: "", out: 100, in: 60, sum: 160 },
        { id: "b", name: "", out: 50, in: 100, sum: 150 },
        { id: "c", name: "", out: 10, in: 0, sum: 10 },
    ]);
    assert.deepEqual(edges, [
        { source: "c", target: "a", value: 10, when: 0.5 },
        { source: "b", target: "a", value: 50, when: 1 },
        { source: "a", target: "b", value: 100, when: 0 },
    ]);
    assert.equal(left, 2);
});

test("what is beyond is one node: nothing is lost but what it has with itself", () => {
    const { nodes, edges } = graph_make(answer, "octets", 3, true);
    assert.deepEqual(
        nodes.map(({ id, sum }) => [id, sum]),
        [
            ["a", 160],
            ["b", 150],
            ["c", 15],
            ["others", 5],
        ],
    );
    assert.deepEqual(
        edges.find(({ target }) => target === "c"),
        { source: "others", target: "c", value: 5, when: 1 },
    );
    assert.equal(
        edges.reduce((sum, { value }) => sum + value, 0),
        165,
    );
});

test("addresses as bytes, groups and in prefixes", () => {
    assert.deepEqual(address_bytes("192.0.2.7"), [192, 0, 2, 7]);
    assert.deepEqual(address_bytes("2001:db8::1"), [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert.deepEqual(address_bytes("::ffff:192.0.2.7").slice(10), [255, 255, 192, 0, 2, 7]);
    for (const text of ["others", "1.2.3", "1:2:3", "::g", ""]) assert.equal(address_bytes(text), null, text);
    assert.equal(address_group("192.0.2.7", 0), "");
    assert.equal(address_group("192.0.2.7", 1), "192.0.0.0/8");
    assert.equal(address_group("192.0.2.7", 3), "192.0.2.0/24");
    assert.equal(address_group("2001:db8::1", 2), "2001:db8::/32");
    for (const [text, prefix, inside] of [
        ["10.1.2.3", "10.0.0.0/8", true],
        ["11.1.2.3", "10.0.0.0/8", false],
        ["172.31.0.1", "172.16.0.0/12", true],
        ["172.32.0.1", "172.16.0.0/12", false],
        ["1.2.3.4", "0.0.0.0/0", true],
        ["1.2.3.4", "1.2.3.4", true],
        ["1.2.3.5", "1.2.3.4", false],
        ["fd00::1", "fc00::/7", true],
        ["fe80::1", "fc00::/7", false],
        ["::1", "0.0.0.0/0", false],
        ["others", "0.0.0.0/0", false],
    ])
        assert.equal(address_within(text, [prefix]), inside, `${text} in ${prefix}`);
    for (const [prefix, wrong] of [
        ["10.0.0.0/8", null],
        ["::/0", null],
        ["10.0.0.0/33", "10.0.0.0/33"],
        ["300.0.0.0/8", "300.0.0.0/8"],
        ["x", "x"],
        ["::/129", "::/129"],
        ["1.2.3.4/8/8", "1.2.3.4/8/8"],
    ])
        assert.equal(prefix_wrong(["192.0.2.0/24", prefix]), wrong);
});
