// What is wrong with an exporter, in words: the counters that `flowimport doctor` reads, by the same rule.

// Fewer faults than one in so many messages or records are none.
const ONE_IN = 100;

// Family of /status, what a hundredth is of, the word, and what it means.
const FAULTS = [
    ["unscaled_sets_total", "messages", "no sampling rate", "data sets are of sampled flows, and their rate is not known"],
    ["untemplated_sets_total", "messages", "templates late", "data sets were lost because their template did not arrive in time"],
    ["malformed_total", "messages", "malformed", "messages or sets are malformed"],
    ["both_ends_total", "messages", "reported twice", "data sets or samples are reported where flows enter and where they leave"],
    ["times_unset_total", "records", "no times", "flows have no times, and count at the time of their message"],
    ["times_fixed_total", "records", "wrong times", "flows ended beyond the exporter's uptime, or before their start"],
    ["times_clipped_total", "records", "long flows", "flows were longer than max_flow_duration"],
    ["lost_total", "records", "loss", "flows, messages or data sets were lost on the way"],
];

// [{word, meaning}] of the exporter, by the module "collector" of /status.
export function exporter_faults(collector, name) {
    const of = (family) => collector[`exporter_${family}`]?.[name] ?? 0;
    const found = FAULTS.filter(
        ([family, base]) => of(family) > 0 && of(family) >= Math.floor(of(`${base}_total`) / ONE_IN),
    ).map(([family, , word, meaning]) => ({ word, meaning: `${of(family)} ${meaning}` }));
    const wrong = of("clock_wrong_seconds");
    if (wrong > 0) found.unshift({ word: "clock", meaning: `its clock is wrong by ${wrong} seconds` });
    const uncounted = Object.entries(collector.uncounted_records_total ?? {}).filter(([template]) =>
        template.startsWith(`${name} template `),
    );
    for (const [template, n] of uncounted)
        found.push({ word: "not counted", meaning: `${n} records of${template.slice(name.length)}` });
    return found;
}
