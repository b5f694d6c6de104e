// A box of the page with its own question to the server: loading, failed, empty or filled, and what to do in each case.
import { announce, focus_keep, make } from "./dom.js";
import { exact_text } from "./units.js";

let panel_count = 0;

// `title`: a text, or null where the surroundings say it.
export function panel_new(title, properties) {
    const id = `panel${++panel_count}`;
    const heading = title === null ? null : make("h2", { id }, title);
    const tools = make("div", { class: "tools" });
    const body = make("div", { class: "body" }, make("p", { class: "waiting" }, "Loading…"));
    const foot = make("p", { class: "foot" });
    const element = make(
        "section",
        { class: "panel", "aria-labelledby": heading && id, ...properties },
        heading || properties?.head ? make("header", null, heading, tools) : null,
        body,
        foot,
    );
    return { element, heading, tools, body, foot, title, round: 0 };
}

// What the answer was made of, for whom it may interest: "flows_600, 1 234 rows, 3 ms".
function source_text(answer) {
    if (!answer?.tables) return "";
    const tables = answer.tables.length > 2 ? `${answer.tables.length} tables` : answer.tables.join(", ");
    return (
        tables +
        (answer.rows === undefined ? "" : `, ${exact_text(answer.rows)} rows`) +
        (answer.ms === undefined ? "" : `, ${answer.ms.toFixed(answer.ms < 10 ? 1 : 0)} ms`)
    );
}

// `ask` gives a promise of the answer, `show` children made of it; null of it means that there is nothing to show.
// `empty`: what to do then, as children.
export async function panel_load(panel, ask, show, empty) {
    const round = ++panel.round;
    const slow = setTimeout(() => panel.element.classList.add("busy"), 150);
    panel.element.setAttribute("aria-busy", "true");
    let children,
        source = "";
    try {
        const answer = await ask();
        children = round === panel.round && show(answer);
        source = source_text(answer);
        if (children === null) children = make("div", { class: "empty" }, empty());
    } catch (error) {
        if (round !== panel.round) return;
        if (!error.advice) console.error(error);
        // What is wrong with the filter is said beside it, too.
        if (error.parameter === "filter")
            dispatchEvent(new CustomEvent("filtererror", { detail: `${error.message} ${error.advice}` }));
        children = error_show(error, () => panel_load(panel, ask, show, empty));
        announce(`${panel.title ?? "The answer"}: ${error.message}`);
    } finally {
        clearTimeout(slow);
    }
    if (round !== panel.round) return;
    panel.element.classList.remove("busy");
    panel.element.removeAttribute("aria-busy");
    focus_keep(() => panel.body.replaceChildren(...[children].flat(Infinity)));
    panel.foot.textContent = source;
}

function error_show(error, again) {
    return make(
        "div",
        { class: "failed", role: "alert" },
        make("p", null, make("strong", null, error.advice ? error.message : "The page can't display this.")),
        make("p", null, error.advice ?? `${error.message}. This is a bug in the page: please report it.`),
        make("button", { type: "button", onclick: again }, "Try again"),
    );
}
