// The keyboard: every key that "?" lists does what it says.
import assert from "node:assert/strict";
import { settled } from "./browser.js";
import { browser_use, drive_one as drive } from "./drive.js";
import { FROM, groups, moment, range, rows_in, TO } from "./facts.js";
import { address, panel } from "./read.js";

browser_use();
const half = (TO - FROM) / 2;

drive("every key", `/?${range()}`, async (page) => {
    const pressed = new Set();
    const press = async (key, name = key) => {
        pressed.add(name);
        await page.keyboard.press(key);
        await settled(page);
        return address(page);
    };
    const focused = () => page.evaluate(() => document.activeElement.id);

    await press("?");
    const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    const listed = await dialog.locator("kbd").allTextContents();
    await press("Escape", "Esc");
    await dialog.waitFor({ state: "detached" });

    await press("/");
    assert.equal(await focused(), "filter");
    await page.keyboard.type("proto=udp?");
    await press("Backspace");
    assert.equal(await page.locator("#filter").inputValue(), "proto=udp");
    await press("Escape", "Esc");
    await press("Escape", "Esc");
    assert.deepEqual([await focused(), address(page).f], ["", "proto=udp"]);
    assert.equal((await press("n")).f, undefined);
    await press("t");
    assert.equal(await focused(), "from");
    await press("Escape", "Esc");

    assert.equal((await press("ArrowLeft", "←")).t, `${moment(FROM - half)}..${moment(TO - half)}`);
    assert.equal((await press("ArrowRight", "→")).t, `${moment(FROM)}..${moment(TO)}`);
    assert.equal((await press("+")).t, `${moment(FROM + half / 2)}..${moment(TO - half / 2)}`);
    await press("-");
    assert.equal((await press("Backspace")).t, `${moment(FROM + half / 2)}..${moment(TO - half / 2)}`);
    assert.equal((await press("Backspace")).t, `${moment(FROM)}..${moment(TO)}`);
    assert.equal((await press("m")).m, "packets");
    assert.equal((await press("m")).m, "flows");
    assert.equal((await press("m")).m, undefined);
    assert.equal((await press("c")).c, "before");
    assert.equal((await press("c")).c, undefined);
    assert.equal((await press("u")).z, "utc");
    await press("u");
    await press("d");
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await press("d");
    const again = page.waitForRequest(/api\/query/);
    await press("r");
    await again;
    await press("y");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());

    const [host, second] = groups(rows_in(), ["host"]).map(({ key }) => key[0]);
    const table = panel(page, "Hosts");
    const link_of = (text) => table.getByRole("link", { name: text, exact: true });
    await link_of(host).focus();
    await press("j");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), second);
    await press("k");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), host);
    assert.equal((await press("i")).f, `host=${host}`);
    await press("n");
    await link_of(host).focus();
    assert.equal((await press("x")).f, `!host=${host}`);
    await press("n");

    for (const [i, view] of ["/", "/explore", "/flows", "/graph", "/bundle", "/hive", "/pipeline"].entries())
        assert.equal((await press(String(i + 1))).path, view);
    assert.equal((await press("2")).path, "/explore");
    assert.equal((await press("v")).v, "lines");
    await press("3");
    assert.equal((await press("]")).o, "100");
    assert.equal((await press("[")).o, undefined);
    assert.equal((await press("l")).l, "live");
    assert.equal((await press("l")).l, undefined);

    assert.deepEqual([...pressed].sort(), [...new Set(listed)].sort());
}, { permissions: ["clipboard-read", "clipboard-write"] });

drive("keys that are typed into a field are text", `/?${range()}`, async (page) => {
    const theme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    const before = await theme();
    await page.locator("#filter").focus();
    await page.keyboard.type("mlv?d");
    assert.equal(await page.locator("#filter").inputValue(), "mlv?d");
    assert.equal(await theme(), before);
    await page.locator("#filter").fill("");
});

drive("the tab key reaches the contents first, then the views, and everything that is reached shows it", `/?${range()}`, async (page) => {
    const seen = [];
    for (let i = 0; i < 30; i++) {
        await page.keyboard.press("Tab");
        seen.push(await page.evaluate(() => {
            const { activeElement: element } = document;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            const box = (element.matches("input[type=radio]") ? element.parentElement : element).getBoundingClientRect();
            const shown = element.matches("input[type=radio]") ? element.nextElementSibling : element;
            const style = getComputedStyle(shown);
            return { text: element.textContent.trim() || element.id || element.name, seen: box.width > 0 && box.top >= -1,
                outlined: (outlineStyle !== "none" && outlineWidth !== "0px") || style.outlineStyle !== "none" };
        }));
    }
    assert.deepEqual(seen.slice(0, 3).map(({ text }) => text), ["Skip to content", "flowimport", "Overview"]);
    assert.deepEqual(seen.filter(({ seen: there, outlined }) => !there || !outlined), []);
});
