// Elements made of names, properties and children. Text stays text: host names are written by strangers.

function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        // The policy refuses style attributes, not properties set one by one.
        else if (name === "style")
            for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
        else if (name === "data") Object.assign(element.dataset, value);
        else if (name === "value") element.value = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(
        ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
    );
    return element;
}

export const make = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
export const make_svg = (tag, properties, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);

// A control under its label. `choices`: [[value, text]]
export function select_new(label, choices, chosen, changed, properties) {
    const select = make(
        "select",
        { ...properties, onchange: () => changed(select.value) },
        choices.map(([value, text]) => make("option", { value }, text)),
    );
    select.value = chosen;
    return make("label", { class: "control" }, make("span", null, label), select);
}

export function input_new(label, properties, changed) {
    const input = make("input", {
        ...properties,
        onchange: () => changed(input.type === "checkbox" ? input.checked : input.value),
    });
    if (properties.checked) input.checked = true;
    return make("label", { class: "control" }, make("span", null, label), input);
}

// Controls that are made anew with the state: who was using one goes on.
export const controls_show = (element, children) =>
    focus_keep(() => element.replaceChildren(...children.filter(Boolean)));

// One of a few, all in sight: radio buttons that look like one strip.
export function choice_new(legend, choices, chosen, changed, name) {
    return make(
        "fieldset",
        { class: "choice" },
        make("legend", { class: "hidden" }, legend),
        choices.map(([value, text]) => {
            const input = make("input", {
                type: "radio",
                name,
                value,
                id: `${name}-${value}`,
                onchange: () => changed(value),
            });
            input.checked = value === chosen;
            return make("label", null, input, make("span", null, text));
        }),
    );
}

// Colours and the like come from theme.css alone, also where something is painted and not laid out.
export const css_value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Names of things for screen readers when something has changed.
export function announce(text) {
    const status = document.getElementById("status");
    if (status && status.textContent !== text) status.textContent = text;
}

// Takes the keyboard's focus along when `work` makes anew what had it.
export function focus_keep(work) {
    const key = document.activeElement?.dataset?.key ?? document.activeElement?.id;
    work();
    if (!key || document.activeElement !== document.body) return;
    const element = [...document.querySelectorAll("[data-key], [id]")].find(
        (other) => (other.dataset.key ?? other.id) === key,
    );
    element?.focus({ preventScroll: true });
}
