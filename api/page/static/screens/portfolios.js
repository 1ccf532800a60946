// Portfolios: all of the reader's, with value, the day's P&L and risk at a glance.

import { addressOf } from "../app/address.js";
import { h } from "../app/dom.js";
import { tile } from "../figures/tiles.js";
import { available, part } from "../app/notices.js";
import { sparkline } from "../charts/sparkline.js";
import { dataTable, rowsOf, under } from "../figures/table.js";

const SNAPSHOT = "fct_portfolio_snapshots";
const RISK = "fct_portfolio_risk";

export const portfolios = {
    name: "portfolios",
    title: "Portfolios",
    requests: () => ({
        breakdown: "/analytics/aggregate/breakdown?include_series=true",
        overview: "/analytics/aggregate/overview",
    }),
    draw: (answers, address) => [
        part(answers.overview, (answer) => available(answer, totals)),
        part(answers.breakdown, (answer) => available(answer, () => list(answer, address))),
    ],
};

function totals(answer) {
    return h(
        "section",
        { class: "tiles", "aria-label": "All portfolios" },
        tile(answer, "Equity", "/equity_balance", "usd", { mart: SNAPSHOT }),
        tile(answer, "P&L of the day", "/pnl/daily_pnl", "usd", {
            mart: SNAPSHOT,
            signed: true,
            beside: ["/pnl/daily_return", "share"],
        }),
        tile(answer, "P&L this month", "/pnl/mtd_pnl", "usd", { mart: SNAPSHOT, signed: true }),
        tile(answer, "P&L this year", "/pnl/ytd_pnl", "usd", { mart: SNAPSHOT, signed: true }),
        tile(answer, "Gross exposure", "/exposures/gross_exposure", "usd", {
            mart: "fct_portfolio_exposures",
            beside: ["/exposures/gross_percentage", "percent"],
        }),
        tile(answer, "Positions", "/position_count/total_positions", "count", { mart: SNAPSHOT }),
    );
}

function list(answer, address) {
    const field = (name) => under("/portfolios", name);
    const key = (row) => answer.body.portfolios[row].id;
    const open = (row) => addressOf(address, { portfolio: key(row), screen: "overview" });
    // without equity there is no ratio to it, however well the positions are measured
    const reason = (row) =>
        field(answer.body.portfolios[row].ratio_null_reason ? "ratio_null_reason" : "quality_flag")(row);
    const columns = [
        { title: "Portfolio", at: field("name"), kind: "name", link: open },
        { title: "Equity", at: field("net_asset_value"), kind: "usd", mart: `${SNAPSHOT}.equity`, key },
        { title: "Last quarter", draw: (row) => lately(answer.body, row) },
        { title: "Share", at: field("weight"), kind: "share", mart: SNAPSHOT, key },
        {
            title: "Priced",
            at: field("public_price_coverage"),
            kind: "share",
            mart: `${SNAPSHOT}.public_price_coverage`,
            key,
            reasonText: "no public positions",
        },
        {
            title: "P&L of the day",
            at: field("daily_pnl"),
            kind: "usd",
            signed: true,
            mart: `${SNAPSHOT}.daily_pnl`,
            key,
        },
        {
            title: "Return of the day",
            at: field("daily_return"),
            kind: "share",
            signed: true,
            mart: `${SNAPSHOT}.daily_return`,
            key,
            reason: field("daily_return_null_reason"),
        },
        {
            title: "P&L in all",
            at: field("total_pnl"),
            kind: "usd",
            signed: true,
            mart: `${SNAPSHOT}.cumulative_pnl`,
            key,
        },
        {
            title: "Leverage",
            at: field("leverage"),
            kind: "ratio",
            mart: "fct_portfolio_exposures.leverage",
            key,
            reason: field("ratio_null_reason"),
        },
        {
            title: "Beta",
            at: field("market_beta"),
            kind: "beta",
            mart: "fct_portfolio_factor_exposures.beta",
            reason,
        },
        {
            title: "Beta is of",
            at: field("market_beta_coverage"),
            kind: "share",
            mart: "fct_portfolio_factor_exposures.coverage",
            reason,
        },
        {
            title: "Volatility 21 d",
            at: field("realized_volatility_21d"),
            kind: "share",
            mart: `${RISK}.realized_volatility_21d`,
            key,
            reason,
        },
        {
            title: "VaR 95 %, 1 d",
            at: field("var_95_1d"),
            kind: "usd",
            mart: `${RISK}.var_95_1d`,
            key,
            reason: field("quality_flag"),
        },
        { title: "Positions", at: field("position_count"), kind: "count", mart: `${SNAPSHOT}.position_count`, key },
        { title: "Data", at: field("quality_flag"), kind: "text" },
    ];
    return h(
        "section",
        { class: "card" },
        dataTable({ name: "portfolios", answer, columns, rows: rowsOf(answer, "/portfolios") }),
    );
}

function lately({ series_dates: dates, portfolios: all }, row) {
    const { name, equity_series: equities } = all[row];
    return sparkline(equities, `Equity of ${name}, ${dates[0]} to ${dates.at(-1)}`);
}
