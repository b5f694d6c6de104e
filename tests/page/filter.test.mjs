// The filter as text: terms put in and taken out by a click, what a bare word means, and what can be typed next.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    address_is,
    filter_add,
    filter_complete_words,
    filter_completions,
    filter_terms,
} from "../../src/page/filter.js";

test("terms", () => {
    assert.deepEqual(filter_terms("  host=10.0.0.0/8,2001:db8::1   !port=53 odd "), [
        { not: false, name: "host", values: ["10.0.0.0/8", "2001:db8::1"], text: "host=10.0.0.0/8,2001:db8::1" },
        { not: true, name: "port", values: ["53"], text: "!port=53" },
        { not: false, name: "", values: ["odd"], text: "odd" },
    ]);
});

test("values in quotes", () => {
    assert.deepEqual(filter_terms('site=B customer="Example, ""Inc."" x",Y !role="" src_site==1'), [
        { not: false, name: "site", values: ["B"], text: "site=B" },
        { not: false, name: "customer", values: ['Example, "Inc." x', "Y"], text: 'customer="Example, ""Inc."" x",Y' },
        { not: true, name: "role", values: [""], text: '!role=""' },
        { not: false, name: "src_site", values: ["=1"], text: "src_site==1" },
    ]);
    assert.equal(filter_add("", "site", "", false), 'site=""');
    assert.equal(filter_add("", "customer", 'Example, "Inc."', false), 'customer="Example, ""Inc."""');
    assert.equal(filter_add('!site="a b"', "site", "c,d", true), '!site="a b","c,d"');
    assert.equal(filter_add('!site="a b","c,d",e', "site", "c,d", false), '!site="a b",e site="c,d"');
    assert.equal(filter_complete_words('site="a b" 443', ["tcp"]), 'site="a b" port=443');
    const names = [{ name: "site", title: "Site" }];
    const values = { site: [{ value: "Bonn" }, { value: "Berlin, two" }] };
    const texts = (text) => filter_completions(text, text.length, names, values).items.map((item) => item.text);
    assert.deepEqual(texts("site=b"), ["site=Bonn", 'site="Berlin, two"']);
    assert.deepEqual(texts('site="Berlin, t'), ['site="Berlin, two"']);
    assert.deepEqual(texts('!site="a b",bo'), ['!site="a b",Bonn']);
    // Behind the closing quote and a blank another term begins.
    assert.deepEqual(texts('site="a b" s'), ["site="]);
});

test("a value asked for, or ruled out", () => {
    const cases = [
        ["", "src", "192.0.2.7", false, "src=192.0.2.7"],
        ["src=192.0.2.7", "src", "192.0.2.7", false, "src=192.0.2.7"],
        // Both must hold: within the prefix the host alone.
        ["src=10.0.0.0/8", "src", "10.1.2.3", false, "src=10.0.0.0/8 src=10.1.2.3"],
        ["port=80,443", "port", "443", false, "port=80,443 port=443"],
        ["", "port", "53", true, "!port=53"],
        ["!port=53", "port", "123", true, "!port=53,123"],
        ["!port=53,123", "port", "123", true, "!port=53,123"],
        // The opposite goes.
        ["!port=53", "port", "53", false, "port=53"],
        ["!port=53,123 proto=udp", "port", "53", false, "!port=123 proto=udp port=53"],
        ["port=80,443", "port", "443", true, "port=80 !port=443"],
        ["port=443 !port=1", "port", "443", true, "!port=1,443"],
    ];
    for (const [text, name, value, not, expected] of cases) assert.equal(filter_add(text, name, value, not), expected);
});

test("brackets and or", () => {
    assert.equal(filter_add("port=53 or port=123", "src", "192.0.2.7", false), "(port=53 or port=123) src=192.0.2.7");
    assert.equal(filter_add("(port=53 or port=123) src=192.0.2.7", "proto", "udp", true), "(port=53 or port=123) src=192.0.2.7 !proto=udp");
    assert.equal(filter_add("(port=53 or port=123) src=192.0.2.7", "src", "192.0.2.7", false), "(port=53 or port=123) src=192.0.2.7");
    assert.equal(filter_add('site="x or y"', "port", "53", false), 'site="x or y" port=53');
    assert.equal(filter_add('!(site="a) or (b" port=1)', "port", "53", false), '!(site="a) or (b" port=1) port=53');
    const cases = [
        ["53 or 123", "port=53 or port=123"],
        ["(10.0.0.1 or !443) tcp", "(host=10.0.0.1 or !port=443) proto=tcp"],
        ["!(53 or 123)", "!(port=53 or port=123)"],
        ["!((53) or udp)", "!((port=53) or proto=udp)"],
        ['(site="a b" or 53)', '(site="a b" or port=53)'],
    ];
    for (const [text, expected] of cases) assert.equal(filter_complete_words(text, ["tcp", "udp"]), expected);
    const names = [{ name: "site", title: "Site" }];
    const sums = [...names, { name: "octets", title: "Bytes", compare: ">" }];
    assert.deepEqual(filter_completions("port=1 oct", 10, sums, {}), {
        from: 7,
        to: 10,
        items: [{ text: "octets>", hint: "Bytes" }],
    });
    assert.deepEqual(filter_completions("octets>=1", 9, sums, {}).items, []);
    const found = filter_completions("port=1 or !(si", 14, names, {});
    assert.deepEqual([found.from, found.items.map(({ text }) => text)], [10, ["!(site="]]);
});

test("bare words", () => {
    const cases = [
        ["192.0.2.7", "host=192.0.2.7"],
        ["10.0.0.0/8 !2001:db8::/32", "host=10.0.0.0/8 !host=2001:db8::/32"],
        ["443", "port=443"],
        ["!53,123", "!port=53,123"],
        ["8000-8080", "port=8000-8080"],
        ["TCP", "proto=TCP"],
        ["src=1.2.3.4  443", "src=1.2.3.4 port=443"],
        ["what", "what"],
        ["", ""],
    ];
    for (const [text, expected] of cases) assert.equal(filter_complete_words(text, ["tcp", "udp"]), expected);
});

test("addresses", () => {
    for (const text of ["192.0.2.7", "10.0.0.0/8", "::", "2001:db8::1", "fe80::/10", "::ffff:192.0.2.7"])
        assert.ok(address_is(text), text);
    for (const text of ["", "443", "1.2.3", "face", "example.net", "12:30"]) assert.ok(!address_is(text), text);
});

test("what can be typed next", () => {
    const names = ["src", "dst", "host", "sport", "dport", "port", "proto"].map((name) => ({
        name,
        title: name.toUpperCase(),
    }));
    const values = {
        proto: [{ value: "tcp" }, { value: "udp" }],
        port: [
            { value: "443", hint: "https" },
            { value: "445", hint: "smb" },
            { value: "53", hint: "domain" },
        ],
        src: [
            { value: "192.0.2.7", hint: "www.example" },
            { value: "198.51.100.1", hint: "" },
        ],
    };
    const texts = (text, caret = text.length) =>
        filter_completions(text, caret, names, values).items.map((item) => item.text);
    assert.deepEqual(texts(""), ["src=", "dst=", "host=", "sport=", "dport=", "port=", "proto="]);
    assert.deepEqual(texts("!s"), ["!src=", "!sport="]);
    assert.deepEqual(texts("192.0.2.9"), ["host=192.0.2.9", "src=192.0.2.9", "dst=192.0.2.9"]);
    assert.deepEqual(texts("8080"), ["port=8080", "sport=8080", "dport=8080", "proto=8080"]);
    assert.deepEqual(texts("port=44"), ["port=443", "port=445"]);
    assert.deepEqual(texts("port=htt"), ["port=443"]);
    assert.deepEqual(texts("!port=53,44"), ["!port=53,443", "!port=53,445"]);
    assert.deepEqual(texts("src=www"), ["src=192.0.2.7"]);
    assert.deepEqual(texts("ud"), ["proto=udp"]);
    assert.deepEqual(texts("family="), []);
    // In the middle of a text: the word at the caret, and no other.
    assert.deepEqual(filter_completions("host=1.2.3.4 po proto=tcp", 15, names, values), {
        from: 13,
        to: 15,
        items: [{ text: "port=", hint: "PORT" }],
    });
});
