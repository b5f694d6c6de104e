// Amounts as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    amount_text,
    change_text,
    exact_text,
    metric_title,
    rate_of,
    rate_text,
    share_text,
} from "../../src/page/units.js";

test("amounts have three digits and an SI prefix", () => {
    const cases = [
        [0, "0 B"],
        [1, "1 B"],
        [999, "999 B"],
        [1000, "1.00 kB"],
        [1234, "1.23 kB"],
        [12345, "12.3 kB"],
        [123456, "123 kB"],
        [999499, "999 kB"],
        [999500, "1.00 MB"],
        [1e6, "1.00 MB"],
        [9995, "10.0 kB"],
        [99950, "100 kB"],
        [3239277117, "3.24 GB"],
        [1.5e12, "1.50 TB"],
        [9.2e18, "9.20 EB"],
        [2 ** 63 - 2048, "9.22 EB"],
        [Number("9223372036854775807"), "≥ 9.22 EB"],
        [Number("18446744073709551616"), "≥ 18.4 EB"],
        [1.5e21, "≥ 1.50 ZB"],
        [1.5e36, "≥ 1500000 QB"],
    ];
    for (const [value, text] of cases) assert.equal(amount_text("octets", value), text);
    assert.equal(amount_text("packets", 999), "999");
    assert.equal(amount_text("packets", 2360000), "2.36 M");
    assert.equal(amount_text("flows", 17577.969918), "17.6 k");
    assert.equal(amount_text("flows", 0.25), "0.25");
    assert.equal(amount_text("flows", 9e12), "9.00 T");
    assert.equal(amount_text("flows", Number("9223372036854.775807")), "≥ 9.22 T");
    assert.equal(amount_text("octets", -1234), "−1.23 kB");
});

test("rates: octets are told in bits", () => {
    assert.equal(rate_text("octets", rate_of("octets", 75000, 600)), "1.00 kbit/s");
    assert.equal(rate_text("octetDeltaCount", rate_of("octetDeltaCount", 600, 600)), "8 bit/s");
    assert.equal(rate_text("packets", rate_of("packets", 1200, 600)), "2 packets/s");
    assert.equal(rate_text("flows", rate_of("flows", 60, 600)), "0.10 flows/s");
    assert.equal(rate_text("flowCount", 5), "5 /s");
});

test("every digit of an exact number is there", () => {
    for (const [value, text] of [
        [0, "0"],
        [123, "123"],
        [1234, "1\u202f234"],
        [9007199254740991, "9\u202f007\u202f199\u202f254\u202f740\u202f991"],
        [17577.969918, "17\u202f577.969918"],
        [2 ** 63, "≥ 9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f807"],
        [2 ** 64, "≥ 18\u202f446\u202f744\u202f073\u202f709\u202f552\u202f000"],
        [2 ** 70, "≥ 1\u202f180\u202f591\u202f620\u202f717\u202f411\u202f303\u202f424"],
    ])
        assert.equal(exact_text(value), text);
});

test("shares and changes", () => {
    for (const [part, whole, text] of [
        [1, 0, ""],
        [0, 100, "0.0 %"],
        [1, 100, "1.0 %"],
        [1, 10000, "<0.1 %"],
        [66, 100, "66 %"],
        [9.96, 100, "10 %"],
        [100, 100, "100 %"],
    ])
        assert.equal(share_text(part, whole), text);
    for (const [value, before, text] of [
        [0, 0, ""],
        [5, 0, "new"],
        [5, undefined, "new"],
        [0, 5, "gone"],
        [100, 100, "±0 %"],
        [112, 100, "+12 %"],
        [97, 100, "−3 %"],
        [420, 100, "×4.2"],
        [3000, 100, "×30"],
        [299, 100, "+199 %"],
    ])
        assert.equal(change_text(value, before), text);
});

test("titles", () => {
    assert.equal(metric_title("octets"), "Bytes");
    assert.equal(metric_title("reversePacketDeltaCount"), "reversePacketDeltaCount");
});
