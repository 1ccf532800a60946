// Volatility, and value at risk and expected shortfall by four methods and over a fixed bad window.

import { h } from "../app/dom.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { facts, tile } from "../figures/tiles.js";

const RISK = "fct_portfolio_risk";
const SHOWN = 15; // the largest
const METHODS = {
    historical: "Historical",
    filtered: "Filtered",
    parametric: "Normal",
    cornish_fisher: "Cornish-Fisher",
    stressed: "Stressed",
};

export function volatility(answer) {
    const one = (label, name, kind = "share", mart = `${RISK}.${name}`, words) =>
        tile(answer, label, `/data/${name}`, kind, { mart, words });
    const { forecast_model: model, volatility_trend: trend } = answer.body.data;
    return h(
        "section",
        { class: "tiles", "aria-label": "Volatility" },
        one("Volatility 21 d", "realized_volatility_21d"),
        one("Volatility 63 d", "realized_volatility_63d"),
        one(
            "Forecast 21 d",
            "expected_volatility_21d",
            "share",
            `${RISK}.forecast_volatility_21d`,
            model && `by ${model}, the best so far`,
        ),
        one("Percentile, one year", "volatility_percentile", "share", undefined, trend && `trend: ${trend}`),
        tile(answer, "GARCH", "/data/forecasts/garch", "share", { mart: `${RISK}.forecast_volatility_21d_garch` }),
        tile(answer, "EWMA", "/data/forecasts/ewma", "share", { mart: `${RISK}.forecast_volatility_21d_ewma` }),
        tile(answer, "HAR", "/data/forecasts/har", "share", { mart: `${RISK}.forecast_volatility_21d_har` }),
        tile(answer, "Past returns proxied", "/data/proxied_share", "share", { mart: `${RISK}.proxied_share` }),
    );
}

export function tailRisk(answer) {
    const methods = Object.keys(METHODS);
    const suffix = (row) => (methods[row] === "historical" ? "" : `_${methods[row]}`);
    const column = (title, name) => ({
        title,
        at: (row) => `/data/${methods[row]}/${name}`,
        kind: "usd",
        reason: (row) => (methods[row] === "stressed" ? "/data/stressed/null_reason" : "/data/cornish_fisher_null_reason"),
        martOf: (row) => `${RISK}.${name}${suffix(row)}`,
    });
    const columns = [
        { title: "Method", draw: (row) => METHODS[methods[row]] },
        column("VaR 95 %", "var_95_1d"),
        column("VaR 99 %", "var_99_1d"),
        column("ES 95 %", "es_95_1d"),
        column("ES 99 %", "es_99_1d"),
    ];
    const share = (label, name) => [label, `/data/of_equity/${name}`, "share", { mart: `${RISK}.${name}_pct_equity` }];
    const stressed = (label, name, kind) => [
        label,
        `/data/stressed/${name}`,
        kind,
        { mart: `${RISK}.stressed_${name}`, reason: "/data/stressed/null_reason" },
    ];
    return [
        h(
            "p",
            { class: "soft" },
            "One day, USD; a positive number is a loss. Stressed: over a fixed bad window instead of the last sessions.",
        ),
        dataTable({ name: "value at risk", answer, columns, rows: methods.map((_, row) => row) }),
        facts(answer, [
            share("VaR 95 %, one day, of equity", "var_95_1d"),
            share("ES 95 %, one day, of equity", "es_95_1d"),
            ["VaR 99 %, ten days", "/data/ten_days/var_99_10d", "usd", { mart: `${RISK}.var_99_10d` }],
            ["Past sessions applied", "/data/scenario_days", "count", { mart: `${RISK}.scenario_days` }],
            stressed("First session, stressed", "window_start", "date"),
            stressed("Last session, stressed", "window_end", "date"),
            stressed("Stressed returns proxied", "proxied_share", "share"),
        ]),
    ];
}

// The parts add up to the figure: what one of them alone would lose, and what would be gone with it.
export function tailParts(answer) {
    const field = (name) => under("/contributions", name);
    const mart = answer.body.data.by === "factor" ? "fct_factor_outcomes" : "fct_instrument_outcomes";
    const column = (title, name, kind) => ({
        title,
        at: field(name),
        kind,
        mart: `${mart}.outcomes`,
        reason: field("null_reason"),
    });
    const columns = [
        { title: answer.body.data.by === "factor" ? "Factor" : "Symbol", at: field("name"), kind: "name" },
        column("Component", "component", "usd"),
        column("Share", "share", "share"),
        column("Alone", "standalone", "usd"),
        column("Less without it", "incremental", "usd"),
    ];
    return [
        h("p", { class: "soft" }, "Historical, 95 %, one day. Components add up; a negative one lowers the risk."),
        facts(answer, [["In all", "/data/total", "usd", { mart: `${RISK}.var_95_1d` }]]),
        dataTable({
            name: `value at risk by ${answer.body.data.by}`,
            answer,
            columns,
            rows: rowsOf(answer, "/contributions").slice(0, SHOWN),
        }),
    ];
}
