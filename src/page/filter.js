// The filter as text: its terms, a term put in or taken out, and what can be typed next.

const ADDRESS4 = /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/;
const ADDRESS6 = /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*(\/\d{1,3})?$/i;
const PORT = /^\d{1,5}(-\d{1,5})?$/;

export const address_is = (text) => ADDRESS4.test(text) || ADDRESS6.test(text);

// Terms and values end at blanks and commas outside of double quotes; a quote within stands twice.
const TERM = /(?:"(?:[^"]|"")*(?:"|$)|[^\s"])+/g;
const VALUE = /(?:^|,)((?:"(?:[^"]|"")*(?:"|$)|[^,"])*)/g;
const value_plain = (text) => (text.startsWith('"') ? text.replace(/^"|"$/g, "").replaceAll('""', '"') : text);
export const value_quoted = (value) => (/^$|[\s,"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

// [{not, name, values, text}]; a word without "=" has the name "". The values are without their quotes.
export function filter_terms(text) {
    return (text.match(TERM) ?? []).map((term) => {
        const not = term.startsWith("!");
        const bare = not ? term.slice(1) : term;
        const at = bare.indexOf("=");
        const values = [...bare.slice(at + 1).matchAll(VALUE)].map(([, value]) => value_plain(value));
        return { not, name: at < 0 ? "" : bare.slice(0, at), values, text: term };
    });
}

const term_text = ({ not, name, values }) => (not ? "!" : "") + name + "=" + values.map(value_quoted).join(",");

// How deep in brackets each place of the text is, quotes left out of account: [depth, ...].
function depths_of(text) {
    let depth = 0,
        quoted = false;
    return [...text].map((sign) => {
        if (sign === '"') quoted = !quoted;
        else if (!quoted && sign === "(") depth++;
        else if (!quoted && sign === ")") depth = Math.max(0, depth - 1);
        return quoted ? Infinity : depth;
    });
}

// Whether it has brackets or an "or", so that its terms are not simply all to hold.
export const filter_nested = (text) => filter_terms(text).some(({ text: term }) => term === "or" || /^!?\(/.test(term));

// A term behind an expression: one with an "or" outside of brackets is put into brackets before.
function nested_add(text, term) {
    const depths = depths_of(text);
    const open = [...text.matchAll(/(?<=^|[\s)])or(?=$|[\s(])/g)].some(({ index }) => depths[index] === 0);
    const whole = open ? `(${text.trim()})` : text.trim();
    return whole.endsWith(` ${term}`) ? whole : `${whole} ${term}`;
}

// The filter with `name=value` asked for, or ruled out. The opposite goes; what is ruled out stands in one term.
export function filter_add(text, name, value, not) {
    if (filter_nested(text)) return nested_add(text, term_text({ not, name, values: [value] }));
    const terms = filter_terms(text);
    if (
        terms.some(
            (term) =>
                term.name === name &&
                term.not === not &&
                term.values.includes(value) &&
                (not || term.values.length === 1),
        )
    )
        return text.trim();
    const kept = terms.flatMap((term) => {
        if (term.name !== name || term.not === not || !term.values.includes(value)) return [term.text];
        const values = term.values.filter((other) => other !== value);
        return values.length ? [term_text({ ...term, values })] : [];
    });
    const joined = not ? terms.find((term) => term.not && term.name === name) : null;
    if (!joined) return [...kept, term_text({ not, name, values: [value] })].join(" ");
    return kept.map((term) => (term === joined.text ? `${term},${value_quoted(value)}` : term)).join(" ");
}

// What is typed without a name means the obvious: an address a host, a number a port, tcp a protocol.
export function filter_complete_words(text, protocols) {
    const nested = filter_nested(text);
    return filter_terms(text)
        .map((whole) => {
            // In expressions brackets may stand around a word.
            const parts = nested ? /^((?:!?\()*)(.*?)(\)*)$/ : /^()(.*)()$/;
            const [, before, inner, after] = parts.exec(whole.text);
            const [term] = inner === whole.text ? [whole] : filter_terms(inner);
            if (!term || term.name || term.text === "or") return whole.text;
            return before + word_complete(term, protocols) + after;
        })
        .join(" ");
}

function word_complete(term, protocols) {
    const word = term.text.replace(/^!/, "");
    const name = word.split(",").every(address_is)
        ? "host="
        : word.split(",").every((part) => PORT.test(part))
          ? "port="
          : protocols.includes(word.toLowerCase())
            ? "proto="
            : "";
    return (term.not ? "!" : "") + name + word;
}

// What can stand at the caret: [{text, hint}], and the part of the text that it takes the place of. `names`: of
// filters, [{name, title}], with `compare` where it is a sum to be compared; `values`: {name: [{value, hint}]}, what is known of each.
export function filter_completions(text, caret, names, values) {
    const here = [...text.matchAll(TERM)].find((term) => term.index <= caret && caret <= term.index + term[0].length);
    const [from, to] = here ? [here.index, here.index + here[0].length] : [caret, caret];
    const typed = text.slice(from, caret);
    const [sign] = /^(?:!?\()*!?/.exec(typed);
    const word = typed.slice(sign.length);
    const at = word.indexOf("=");
    if (at >= 0) {
        const name = word.slice(0, at);
        const list = word.slice(at + 1);
        const parts = [...list.matchAll(VALUE)].map(([, value]) => value);
        const before = list.slice(0, list.length - (parts.at(-1) ?? "").length);
        const last = value_plain(parts.at(-1) ?? "").toLowerCase();
        const items = (values[name] ?? [])
            .filter(
                ({ value, hint }) =>
                    value !== last && (value.toLowerCase().startsWith(last) || hint?.toLowerCase().startsWith(last)),
            )
            .map(({ value, hint }) => ({ text: `${sign}${name}=${before}${value_quoted(value)}`, hint: hint ?? "" }));
        return { from, to, items: items.slice(0, 12) };
    }
    const items = [];
    if (address_is(word)) for (const name of ["host", "src", "dst"]) items.push(name);
    else if (PORT.test(word)) for (const name of ["port", "sport", "dport", "proto"]) items.push(name);
    const guesses = items
        .filter((name) => names.some((known) => known.name === name))
        .map((name) => ({ text: `${sign}${name}=${word}`, hint: names.find((known) => known.name === name).title }));
    const words = names
        .filter(({ name }) => name.toLowerCase().startsWith(word.toLowerCase()))
        .map(({ name, title, compare }) => ({ text: `${sign}${name}${compare ?? "="}`, hint: title }));
    const protocols = word
        ? (values.proto ?? [])
              .filter(({ value }) => value.startsWith(word.toLowerCase()))
              .map(({ value }) => ({ text: `${sign}proto=${value}`, hint: "Protocol" }))
        : [];
    return { from, to, items: [...guesses, ...words, ...protocols].slice(0, 12) };
}
