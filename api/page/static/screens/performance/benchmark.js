// Risk against the benchmark: what was earned beside it, what is held, and what makes the tracking error.

import { h } from "../../app/dom.js";
import { dataTable, rowsOf, under } from "../../figures/table.js";
import { facts } from "../../figures/tiles.js";

const RISK = "fct_benchmark_risk";
const SHOWN = 12; // the largest

export function againstBenchmark(answer) {
    const line = (label, name, kind, reason = `${name}_null_reason`) => [
        label,
        `/${name}`,
        kind,
        { mart: `${RISK}.${name}`, reason: `/${reason}` },
    ];
    const { benchmark } = answer.body;
    return [
        h("p", { class: "soft" }, `${benchmark}: past daily returns, of at most 252 sessions.`),
        facts(answer, [
            line("Beta", "beta", "beta"),
            line("Tracking error", "tracking_error_ex_post", "share", "ex_post_null_reason"),
            line("Active return a year", "active_return", "share", "ex_post_null_reason"),
            line("Information ratio", "information_ratio", "ratio"),
            line("Up capture", "up_capture", "share"),
            line("Down capture", "down_capture", "share"),
            ["Sessions", "/sessions", "count", { mart: `${RISK}.sessions` }],
        ]),
        h("h3", {}, "Of what is held, by the risk model"),
        facts(answer, [
            line("Tracking error", "tracking_error_ex_ante", "share", "ex_ante_null_reason"),
            line("From the factors", "tracking_error_factors", "share", "ex_ante_null_reason"),
            line("Specific to symbols", "tracking_error_specific", "share", "ex_ante_null_reason"),
            line("Beta", "beta_ex_ante", "beta", "ex_ante_null_reason"),
            line(`Volatility of ${benchmark}`, "benchmark_volatility", "share", "ex_ante_null_reason"),
        ]),
    ];
}

// Whether the holdings have a tracking error that has parts.
export function isHeld(answer) {
    return answer.body.tracking_error_ex_ante !== null;
}

export function byFactor(answer) {
    const exposure = { title: "Active beta", kind: "beta", reasonText: "what the factors leave" };
    return parts(answer, "/active_factors", ["Factor", "factor"], { ...exposure, field: "active_beta" });
}

export function bySymbol(answer) {
    const exposure = { title: "Active weight", kind: "share", reason: under("/contributions", "null_reason") };
    return parts(answer, "/contributions", ["Symbol", "name"], { ...exposure, field: "active_exposure" });
}

// first: title and field of the name. The parts are of no column: the former value of one is none of theirs.
function parts(answer, list, first, { field, ...exposure }) {
    const share = (title, name) => ({
        title,
        at: under(list, name),
        kind: "share",
        mart: RISK,
        reason: under(list, "null_reason"),
    });
    const columns = [
        { title: first[0], at: under(list, first[1]), kind: "name" },
        { ...exposure, at: under(list, field), mart: RISK },
        share("Contribution", "contribution"),
        share("Share", "share"),
    ];
    const rows = rowsOf(answer, list).slice(0, SHOWN);
    return [
        h("p", { class: "soft" }, "Parts add up to the tracking error of what is held; a negative one lowers it."),
        dataTable({ name: `tracking error by ${first[0].toLowerCase()}`, answer, columns, rows }),
    ];
}
