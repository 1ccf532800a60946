// Factor exposures, and what the variance comes from: factors, and positions.

import { h } from "../app/dom.js";
import { at } from "../figures/pointer.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { facts } from "../figures/tiles.js";
import { barList } from "../charts/bars.js";

const RISK = "fct_portfolio_risk";
const FACTORS = "fct_portfolio_factor_exposures";
const CONTRIBUTIONS = "fct_risk_contributions";
const SHOWN = 12;

export function factorTable(answer) {
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

const NO_SHARES = { reasonText: "the volatility is 0" };

export function variance(answer) {
    const factors = rowsOf(answer, "/data/factors").map((row) => ({
        name: answer.body.data.factors[row].name,
        pointer: under("/data/factors", "share_of_variance")(row),
        kind: "share",
        mart: `${FACTORS}.share_of_variance`,
        ...NO_SHARES,
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
            [
                "Variance from the factors",
                "/data/systematic_share",
                "share",
                { mart: `${RISK}.systematic_share`, ...NO_SHARES },
            ],
        ]),
        h("h3", {}, "Share of the variance by factor"),
        barList(answer, factors, { tone: 1, label: "Share of the variance by factor" }),
    ];
}

export function byPosition(answer) {
    const { contributions } = answer.body;
    const known = rowsOf(answer, "/contributions").filter((row) => contributions[row].share !== null);
    const rows = known.slice(0, SHOWN).map((row) => ({
        name: contributions[row].name,
        pointer: under("/contributions", "share")(row),
        kind: "share",
        mart: `${CONTRIBUTIONS}.share`,
        key: `${contributions[row].position_id} volatility`,
    }));
    return [
        facts(answer, [
            ["Volatility in all", "/data/total", "share", { mart: `${RISK}.total_volatility` }],
            ["Without diversification", "/data/undiversified", "share", { mart: CONTRIBUTIONS }],
        ]),
        h("h3", {}, "Share of the volatility by position, largest first"),
        barList(answer, rows, { tone: 3, label: "Share of the volatility by position" }),
    ];
}
