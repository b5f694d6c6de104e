// A value of a flow as the page shows it: its text and name, where it leads to, and how to ask for it or rule it out.
import { filter_add } from "./filter.js";
import { make } from "./dom.js";
import { state_address, state_with } from "./state.js";

const ADDRESSES = ["src", "dst", "host"];
// Where the server gives the number alone.
const PROTOCOLS = {
    1: "icmp",
    2: "igmp",
    4: "ipip",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    89: "ospf",
    103: "pim",
    112: "vrrp",
    115: "l2tp",
    132: "sctp",
};

const SOURCES = { file: " (file of names)", dns: " (DNS)" };

// "443 https", "192.0.2.7": numbers stay in sight where a name is known, but for protocols.
export function value_text(dimension, key, name) {
    if (dimension === "proto") return name || PROTOCOLS[key] || `protocol ${key}`;
    if (key === "") return "(none)";
    if (!name) return key;
    return ADDRESSES.includes(dimension) || dimension === "class" ? key : `${key} ${name}`;
}

// A group's keys in one line, for legends and edges.
export const group_text = (dimensions, group) =>
    group.key.map((key, i) => value_text(dimensions[i], key, group.name?.[i])).join(" → ");

// Whether a value of the dimension can be filtered by, as the server says.
const filter_knows = (page, dimension) => page.dimension(dimension)?.filter !== false;

// The links of a value: itself to the host's page or to the flows with it alone; "+" and "−" narrow what is shown.
export function value_new(page, state, dimension, key, name, source) {
    const link = (filter, changes) => state_address(state_with(state, { filter, ...changes }));
    const host = ADDRESSES.includes(dimension);
    const known = filter_knows(page, dimension);
    const only = known && link(filter_add(state.filter, dimension, key, false));
    const text = value_text(dimension, key, name);
    return make(
        "span",
        { class: "value" },
        host
            ? make(
                  "a",
                  {
                      href: link(state.filter, { view: "host", host: key }),
                      class: "host",
                      title: name ? `${text} ${name}${SOURCES[source] ?? ""}` : null,
                  },
                  text,
              )
            : only
              ? make("a", { href: only }, text)
              : text,
        host && name ? make("span", { class: "name" }, name) : null,
        known &&
            make(
                "span",
                { class: "narrow" },
                make(
                    "a",
                    {
                        href: only,
                        title: `Only ${dimension}=${key}`,
                        "aria-label": `Only ${dimension} ${text}`,
                        "data-narrow": "in",
                    },
                    "+",
                ),
                make(
                    "a",
                    {
                        href: link(filter_add(state.filter, dimension, key, true)),
                        title: `Without ${dimension}=${key}`,
                        "aria-label": `Without ${dimension} ${text}`,
                        "data-narrow": "out",
                    },
                    "−",
                ),
            ),
    );
}
