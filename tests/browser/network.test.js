// The graph, the edge bundle and the hive plot: their nodes and edges, and what can be set.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive } from "./drive.js";
import { groups, range, rows_in } from "./facts.js";
import { address, amount, assert_groups } from "./read.js";

browser_use();
const PAIRS = groups(rows_in(), ["src", "dst"]).slice(0, 1000);

// The `n` greatest hosts of the pairs, and the edges between them; with `others` also those to the rest.
function graph_of(n, others = false) {
    const sums = new Map();
    for (const { key, octets } of PAIRS) for (const id of key) sums.set(id, (sums.get(id) ?? 0) + octets);
    const kept = new Set([...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, n).map(([id]) => id));
    const edges = new Map(), nodes = new Map();
    for (const { key, octets } of PAIRS) {
        const ends = key.map((id) => (kept.has(id) ? id : "others"));
        if (ends.includes("others") && (!others || ends[0] === ends[1])) continue;
        edges.set(ends.join(" → "), (edges.get(ends.join(" → ")) ?? 0) + octets);
        ends.forEach((id, side) => {
            if (!nodes.has(id)) nodes.set(id, [0, 0]);
            nodes.get(id)[side] += octets;
        });
    }
    return { edges, nodes };
}

const loop_is = (ends) => ends.split(" → ")[0] === ends.split(" → ")[1];
const edge_texts = (edges, keep) => [...edges].filter(([ends]) => keep(ends)).map(([ends, octets]) => `${ends}: ${amount(octets, "B")}`).sort();
const node_texts = (nodes) => [...nodes].map(([id, [out, inward]]) => `${id}: out ${amount(out, "B")}, in ${amount(inward, "B")}`).sort();
const picture = (page) => page.locator("svg.picture");
const titles = async (page, of) => (await picture(page).locator(`${of} > title`).allTextContents()).sort();

async function assert_picture(page, { edges, nodes }, point, keep = () => true) {
    assert.deepEqual(await titles(page, ".edge"), edge_texts(edges, keep));
    assert.deepEqual(await titles(page, point), node_texts(nodes));
    const places = await picture(page).locator(".edge, .node, .name").evaluateAll((all) => all.map((element) =>
        ["transform", "d", "x1", "y2"].map((name) => element.getAttribute(name) ?? "").join(" ")));
    assert.ok(places.every((place) => !/NaN|undefined|Infinity/.test(place)));
}

drive("graph: the greatest hosts and what goes between them; the pairs as a table", `/graph?${range()}&n=30`, async (page) => {
    await assert_picture(page, graph_of(30), ".node", (ends) => !loop_is(ends));
    await page.getByText("The pairs as a table").click();
    await assert_groups(page.locator("details.data.panel"), PAIRS.slice(0, 200), "octets", false);
    await page.getByLabel("Show others as one node").check();
    await settled(page);
    assert.equal(address(page).e, "others");
    await assert_picture(page, graph_of(30, true), ".node", (ends) => !loop_is(ends));
});

drive("graph: layouts, forces and colours are in the address, and move what they are to move", `/graph?${range()}&n=20`, async (page) => {
    const places = () => picture(page).locator(".node").evaluateAll((all) => all.map((node) => node.getAttribute("transform")).join());
    const seen = [await places()];
    for (const [name, layout] of [["Hilbert curve", "hilbert"], ["Circle", "circle"]]) {
        await page.getByRole("radio", { name }).check();
        await settled(page);
        assert.equal(address(page).y, layout);
        seen.push(await places());
    }
    await page.getByRole("radio", { name: "Forces" }).check();
    await settled(page);
    await page.getByLabel("Charge").fill("-700");
    await page.keyboard.press("Enter");
    await settled(page);
    assert.equal(address(page).q, "-700,0.1,60");
    seen.push(await places());
    assert.equal(new Set(seen).size, 4);
    const colours = () => picture(page).locator(".edge").evaluateAll((all) => new Set(all.map((edge) => getComputedStyle(edge).stroke)).size);
    assert.equal(await colours(), 1);
    await page.getByLabel("Colour").selectOption("time");
    await settled(page);
    assert.equal(address(page).h, "time");
    assert.ok(await colours() > 3);
});

drive("graph: pointing at a host shows its edges, the wheel zooms, a click leads to the host", `/graph?${range()}&n=20&y=circle`, async (page) => {
    const { edges } = graph_of(20);
    const node = picture(page).locator("a.node").last();
    const id = (await node.locator("title").textContent()).split(":").slice(0, -1).join(":");
    await node.locator("circle").hover();
    const near = await picture(page).locator(".edge.near").count();
    assert.equal(near, [...edges.keys()].filter((ends) => ends.split(" → ").includes(id) && !loop_is(ends)).length);
    await page.mouse.wheel(0, -300);
    await page.waitForFunction(() => /scale\((?!1\))/.test(document.querySelector("svg.picture > g").getAttribute("transform") ?? ""));
    await node.locator("circle").click();
    await settled(page);
    assert.equal(decodeURIComponent(address(page).path), `/host/${id}`);
});

drive("bundle: every edge; tension and grouping bend them, ends choose them", `/bundle?${range()}&n=40`, async (page) => {
    await assert_picture(page, graph_of(40), ".name");
    const shape = () => picture(page).locator(".edge").evaluateAll((all) => all.map((edge) => edge.getAttribute("d")).join());
    const seen = [await shape()];
    await page.getByLabel("Tension").fill("20");
    await settled(page);
    assert.equal(address(page).k, "20");
    seen.push(await shape());
    await page.getByLabel("Group by prefix").selectOption("2");
    await settled(page);
    assert.equal(address(page).b, "2");
    seen.push(await shape());
    assert.equal(new Set(seen).size, 3);
    await page.getByLabel("Edges of a node").selectOption("out");
    await settled(page);
    const name = picture(page).locator(".name").first();
    const id = (await name.locator("title").textContent()).replace(/: out .*/, "");
    await name.locator("text").hover();
    assert.equal(await picture(page).locator(".edge.near").count(), [...graph_of(40).edges.keys()].filter((ends) => ends.split(" → ")[0] === id).length);
});

const low = (id) => /^10\.[0-7]\./.test(id), high = (id) => /^10\.(8|9|1[0-5])\./.test(id);

drive("hive: hosts on the axes of their prefixes, edges between them, each way", `/hive?${range()}&a=10.0.0.0/13;10.8.0.0/13;2001:db8::/32`, async (page) => {
    const { edges, nodes } = graph_of(255);
    const between = (ends) => ends.split(" → ").some(low) && ends.split(" → ").some(high);
    await assert_picture(page, { edges, nodes }, ".node", between);
    for (const [way, side] of [["f", low], ["r", high]]) {
        await page.locator("#way0").selectOption(way);
        await settled(page);
        assert.equal(address(page).d, `${way}bb`);
        assert.deepEqual(await titles(page, ".edge"), edge_texts(edges, (ends) => between(ends) && side(ends.split(" → ")[0])));
    }
});

drive("hive: scale and axes; a wrong prefix is said where it is typed, and kept", `/hive?${range()}`, async (page) => {
    const places = () => picture(page).locator(".node").evaluateAll((all) => all.map((node) => node.getAttribute("transform")).join());
    const before = await places();
    await page.getByLabel("Scale").selectOption("linear");
    await settled(page);
    assert.notEqual(await places(), before);
    await page.getByLabel("Axis 1").fill("10.0.0.0/99");
    await page.keyboard.press("Enter");
    await page.getByText("“10.0.0.0/99” is not a prefix").waitFor();
    assert.equal(await page.getByLabel("Axis 1").inputValue(), "10.0.0.0/99");
    await page.getByLabel("Axis 1").fill("10.0.0.0/13");
    await page.keyboard.press("Enter");
    await settled(page);
    assert.match(address(page).a, /^10\.0\.0\.0\/13;/);
    await page.getByRole("button", { name: "Default axes" }).click();
    await settled(page);
    assert.equal(address(page).a, undefined);
});
