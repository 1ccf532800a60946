// Risk: volatility and its forecast, value at risk by four methods with their backtest, factors, and correlation.

import { h } from "../app/dom.js";
import { available, part } from "../app/notices.js";
import { at } from "../app/pointer.js";
import { dataTable, rowsOf, under } from "../app/table.js";
import { facts, tile } from "../app/tiles.js";
import { barList } from "../charts/bars.js";
import { chartFrame } from "../charts/frame.js";
import { heatMap } from "../charts/heat_map.js";

const RISK = "fct_portfolio_risk";
const FACTORS = "fct_portfolio_factor_exposures";
const CORRELATION = "fct_portfolio_correlation";
const BACKTEST = "fct_var_backtest";
const METHODS = {
    historical: "Historical",
    filtered: "Filtered",
    parametric: "Normal",
    cornish_fisher: "Cornish-Fisher",
};

export const risk = {
    name: "risk",
    title: "Risk",
    requests: ({ portfolio }) => {
        const of = (name) => `/analytics/portfolio/${portfolio}/${name}`;
        return {
            volatility: of("volatility"),
            tail: of("value-at-risk"),
            factors: of("factor-exposures"),
            variance: of("risk-decomposition"),
            correlation: of("correlation-matrix?max_symbols=50"),
            diversification: of("diversification-score"),
        };
    },
    draw: (answers) => [
        part(answers.volatility, (answer) => available(answer, volatility)),
        h(
            "div",
            { class: "columns" },
            part(answers.tail, (answer) => card("Value at risk and expected shortfall", shown(answer, tailRisk))),
            part(answers.variance, (answer) => card("Where the variance comes from", shown(answer, variance))),
        ),
        part(answers.tail, (answer) => card("Backtest", shown(answer, backtest))),
        part(answers.factors, (answer) => card("Factor exposures", shown(answer, factorTable))),
        h(
            "div",
            { class: "split" },
            part(answers.correlation, (answer) =>
                answer.body.available
                    ? correlationMap(answer)
                    : card(
                          "Correlation",
                          shown(answer, () => null),
                      ),
            ),
            part(answers.diversification, (answer) => card("Diversification", shown(answer, diversification))),
        ),
    ],
};

function card(title, ...content) {
    return h("section", { class: "card" }, h("h2", {}, title), content);
}

// The coverage is said once, above: here only what there is.
function shown(answer, draw) {
    return answer.body.available ? draw(answer) : h("p", { class: "soft" }, answer.body.data_quality.message);
}

function volatility(answer) {
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
    );
}

function tailRisk(answer) {
    const methods = Object.keys(METHODS);
    const suffix = (row) => (methods[row] === "historical" ? "" : `_${methods[row]}`);
    const column = (title, name) => ({
        title,
        at: (row) => `/data/${methods[row]}/${name}`,
        kind: "usd",
        reason: () => "/data/cornish_fisher_null_reason",
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
    return [
        h("p", { class: "soft" }, "One day, USD; a positive number is a loss."),
        dataTable({ name: "value at risk", answer, columns, rows: methods.map((_, row) => row) }),
        facts(answer, [
            share("VaR 95 %, one day, of equity", "var_95_1d"),
            share("ES 95 %, one day, of equity", "es_95_1d"),
            ["VaR 99 %, ten days", "/data/ten_days/var_99_10d", "usd", { mart: `${RISK}.var_99_10d` }],
            ["Past sessions applied", "/data/scenario_days", "count", { mart: `${RISK}.scenario_days` }],
        ]),
    ];
}

function backtest(answer) {
    const field = (name) => under("/backtest", name);
    const columns = [
        { title: "Method", at: field("method"), kind: "text" },
        { title: "Losses", at: field("pnl_basis"), kind: "text" },
        { title: "Confidence", at: field("confidence"), kind: "share", mart: BACKTEST },
        { title: "Sessions", at: field("observations"), kind: "count", mart: BACKTEST },
        { title: "Breaches", at: field("breaches"), kind: "count", mart: BACKTEST },
        { title: "Expected", at: field("expected_breaches"), kind: "ratio", mart: BACKTEST },
        { title: "Kupiec p", at: field("kupiec_p_value"), kind: "probability", mart: BACKTEST },
        { title: "Christoffersen p", at: field("christoffersen_p_value"), kind: "probability", mart: BACKTEST },
        { title: "Basel zone", at: field("traffic_light"), kind: "text", words: zone },
    ];
    const rows = rowsOf(answer, "/backtest");
    return rows.length
        ? dataTable({ name: "backtest", answer, columns, rows })
        : h("p", {}, "No forecast has been held against an outcome yet.");
}

function zone(light) {
    return h("span", { class: `zone ${light}` }, light);
}

function factorTable(answer) {
    const field = (name) => under("/factors", name);
    const insignificant = new Set(answer.body.metadata.insignificant_betas);
    const columns = [
        { title: "Factor", at: field("name"), kind: "name" },
        { title: "Model", at: field("model"), kind: "text" },
        { title: "Beta", at: field("beta"), kind: "beta", mart: `${FACTORS}.beta` },
        {
            title: "Standard error",
            at: field("std_error"),
            kind: "beta",
            mart: `${FACTORS}.std_error`,
            reasonText: "no regression of ours",
        },
        { title: "Exposure", at: field("exposure_dollar"), kind: "usd", mart: `${FACTORS}.dollar_exposure` },
        { title: "Coverage", at: field("coverage"), kind: "share", mart: `${FACTORS}.coverage` },
        { title: "Unit", at: field("unit"), kind: "text" },
        {
            title: "Note",
            draw: (row) => (insignificant.has(at(answer.body, field("name")(row))) ? "not distinct from 0" : ""),
        },
    ];
    const collinear = answer.body.metadata.collinear_factors;
    return [
        collinear?.length
            ? h("p", { class: "notice" }, "Collinear: their betas cannot be told apart. ", JSON.stringify(collinear))
            : null,
        dataTable({ name: "factor exposures", answer, columns, rows: rowsOf(answer, "/factors") }),
    ];
}

function variance(answer) {
    const factors = rowsOf(answer, "/data/factors").map((row) => ({
        name: answer.body.data.factors[row].name,
        pointer: under("/data/factors", "share_of_variance")(row),
        kind: "share",
        mart: `${FACTORS}.share_of_variance`,
    }));
    return [
        facts(answer, [
            ["Volatility in all", "/data/total_volatility", "share", { mart: `${RISK}.total_volatility` }],
            ["From the factors", "/data/systematic_volatility", "share", { mart: `${RISK}.systematic_volatility` }],
            [
                "Of the symbols alone",
                "/data/idiosyncratic_volatility",
                "share",
                { mart: `${RISK}.idiosyncratic_volatility` },
            ],
            ["Variance from the factors", "/data/systematic_share", "share", { mart: `${RISK}.systematic_share` }],
        ]),
        h("h3", {}, "Share of the variance by factor"),
        barList(answer, factors, { tone: 1, label: "Share of the variance by factor" }),
    ];
}

function correlationMap(answer) {
    const names = Object.keys(answer.body.data.matrix);
    const pairs = names.flatMap((one, row) => names.slice(row + 1).map((other) => [one, other]));
    const columns = [
        { title: "Symbol", draw: (row) => pairs[row][0] },
        { title: "And", draw: (row) => pairs[row][1] },
        {
            title: "Correlation",
            at: (row) => `/data/matrix/${pairs[row][0]}/${pairs[row][1]}`,
            kind: "correlation",
            mart: "fct_correlation_pairs",
        },
    ];
    return chartFrame({
        title: "Correlation of daily returns",
        draw: (width) =>
            heatMap({
                width,
                answer,
                names,
                pointer: "/data/matrix",
                label: "Correlation of the symbols, largest first",
            }),
        table: () => dataTable({ name: "correlation", answer, columns, rows: pairs.map((_, row) => row) }),
    });
}

function diversification(answer) {
    const clusters = answer.body.clusters.map(({ symbols }, row) => ({
        name: symbols.join(", "),
        pointer: under("/clusters", "gross_share")(row),
        kind: "share",
        mart: "fct_correlation_clusters",
    }));
    return [
        facts(answer, [
            ["Score: 0 unrelated, 1 all the same", "/portfolio_correlation", "correlation", { mart: CORRELATION }],
            ["Mean correlation", "/mean_correlation", "correlation", { mart: CORRELATION }],
            ["Effective bets", "/effective_bets", "ratio", { mart: CORRELATION }],
            ["Symbols", "/symbols_included", "count", { mart: CORRELATION }],
            ["Sessions", "/duration_days", "count", { mart: CORRELATION }],
        ]),
        h("h3", {}, "Clusters, of gross exposure"),
        clusters.length
            ? barList(answer, clusters, { tone: 3, label: "Clusters" })
            : h("p", { class: "soft" }, "No symbols move together by 0.7 or more."),
    ];
}
