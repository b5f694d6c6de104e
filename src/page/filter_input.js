// The field of the filter, with what can be typed next in a list below it.
import { make } from "./dom.js";
import { filter_complete_words, filter_completions } from "./filter.js";
import { metric_title } from "./units.js";

const PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "gre", "esp", "ah", "sctp", "igmp", "ospf"];
const FIXED = {
    proto: PROTOCOLS.map((value) => ({ value })),
    class: ["tcp", "udp", "icmp", "other"].map((value) => ({ value })),
    family: [
        { value: "4", hint: "IPv4" },
        { value: "6", hint: "IPv6" },
    ],
};
const PORTS = [
    ["22", "ssh"],
    ["25", "smtp"],
    ["53", "domain"],
    ["80", "http"],
    ["123", "ntp"],
    ["143", "imap"],
    ["161", "snmp"],
    ["179", "bgp"],
    ["389", "ldap"],
    ["443", "https"],
    ["445", "smb"],
    ["993", "imaps"],
    ["3306", "mysql"],
    ["3389", "rdp"],
    ["5432", "postgresql"],
    ["8080", "http-alt"],
].map(([value, hint]) => ({ value, hint }));
for (const name of ["port", "sport", "dport", "service"]) FIXED[name] = PORTS;

export function filter_input_new(page) {
    const list = make("ul", { id: "completions", role: "listbox", "aria-label": "Completions", hidden: true });
    const input = make("input", {
        id: "filter",
        type: "text",
        role: "combobox",
        autocomplete: "off",
        spellcheck: "false",
        autocapitalize: "off",
        "aria-autocomplete": "list",
        "aria-controls": "completions",
        "aria-expanded": "false",
        "aria-describedby": "filter-error",
        placeholder: "host=10.0.0.0/8 !port=53 proto=tcp",
    });
    const error = make("p", { id: "filter-error", class: "mistake" });
    const clear = make(
        "button",
        {
            type: "button",
            class: "clear",
            "aria-label": "Clear the filter",
            title: "Clear the filter",
            onclick: () => page.go({ filter: "" }),
        },
        "×",
    );
    const field = { page, input, list, choice: -1, found: null };
    input.addEventListener("input", () => list_show(field));
    input.addEventListener("click", () => list_show(field));
    input.addEventListener("keydown", (event) => key_pressed(field, event));
    // Whatever way the field is left, what was typed counts.
    input.addEventListener("blur", () => {
        list_hide(field);
        apply(field);
    });
    const element = make(
        "div",
        { class: "filter" },
        make("label", { for: "filter" }, "Filter"),
        make("div", { class: "field" }, input, clear, list),
        error,
    );
    let shown = null;
    return {
        element,
        show(state) {
            if (state.filter !== shown && !(document.activeElement === input && shown === null))
                input.value = state.filter;
            shown = state.filter;
            clear.hidden = !state.filter;
            error_show(field, null);
        },
    };
}

// The server's word on the filter, beside it.
export function error_show(field, text) {
    const input = field?.input ?? document.getElementById("filter");
    document.getElementById("filter-error")?.replaceChildren(text ?? "");
    input?.setAttribute("aria-invalid", String(Boolean(text)));
}

function apply({ page, input }) {
    const text = filter_complete_words(input.value, PROTOCOLS);
    if (text === page.state.filter) return;
    input.value = text;
    page.go({ filter: text });
}

// What the server says there is comes before what has been seen.
function values_known(page) {
    const told = page.dimensions().filter(({ values }) => values);
    const seen = page.seen();
    // What has been seen of directions, networks and tags is among them; of exporters and interfaces it is numbers.
    const known = ({ name, type, values }) => [
        name,
        [...values.map((value) => ({ value })), ...(["name", "direction"].includes(type) ? [] : (seen[name] ?? []))],
    ];
    return { ...FIXED, ...seen, ...Object.fromEntries(told.map(known)) };
}

function list_show(field) {
    const { page, input, list } = field;
    const sums = (page.meta?.metrics ?? []).map((name) => ({
        name,
        title: `${metric_title(name)} of what is listed: octets>1M`.replace("octets", name),
        compare: ">",
    }));
    const names = [...page.dimensions().filter(({ filter }) => filter !== false), ...sums];
    field.found = filter_completions(input.value, input.selectionStart, names, values_known(page));
    field.choice = -1;
    list.replaceChildren(
        ...field.found.items.map((item, i) =>
            make(
                "li",
                {
                    role: "option",
                    id: `completion${i}`,
                    "aria-selected": "false",
                    // The field keeps the focus, so that it isn't left by the click.
                    onmousedown: (event) => (event.preventDefault(), item_take(field, i)),
                },
                make("span", null, item.text),
                make("span", { class: "hint" }, item.hint),
            ),
        ),
    );
    list.hidden = !field.found.items.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
}

function list_hide({ input, list }) {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
}

function item_take(field, i) {
    const { input, found } = field;
    const { text } = found.items[i];
    const tail = input.value.slice(found.to).replace(/^\s+/, "");
    const whole = input.value.slice(0, found.from) + text + (/[=>]$/.test(text) ? "" : " ");
    input.value = whole + tail;
    input.setSelectionRange(whole.length, whole.length);
    list_show(field);
}

function choice_move(field, step) {
    const options = [...field.list.children];
    if (field.list.hidden || !options.length) return list_show(field);
    options[field.choice]?.setAttribute("aria-selected", "false");
    field.choice = (field.choice + step + options.length + (field.choice < 0 && step < 0 ? 1 : 0)) % options.length;
    options[field.choice].setAttribute("aria-selected", "true");
    options[field.choice].scrollIntoView({ block: "nearest" });
    field.input.setAttribute("aria-activedescendant", `completion${field.choice}`);
}

function key_pressed(field, event) {
    const open = !field.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") choice_move(field, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Tab" && open && field.choice >= 0) item_take(field, field.choice);
    else if (event.key === "Enter" && open && field.choice >= 0) item_take(field, field.choice);
    else if (event.key === "Enter") (list_hide(field), apply(field));
    else if (event.key === "Escape" && open) list_hide(field);
    else if (event.key === "Escape") field.input.blur();
    else return;
    event.preventDefault();
}
