// Overview: value, returns against the benchmark, exposures, the day by position, and what needs attention.

import { addressOf } from "../app/address.js";
import { h } from "../app/dom.js";
import { available, coverage, part } from "../app/notices.js";
import { Problem } from "../app/problem.js";
import { periodRow, RETURNS, returnsPath } from "../app/returns.js";
import { formats } from "../figures/format.js";
import { figure } from "../figures/figure.js";
import { rowsOf, under } from "../figures/table.js";
import { tile } from "../figures/tiles.js";
import { barList } from "../charts/bars.js";
import { equityChart, returnChart } from "../charts/returns.js";

const SNAPSHOT = "fct_portfolio_snapshots";
const EXPOSURES = "fct_portfolio_exposures";
const RISK = "fct_portfolio_risk";
const VALUES = "fct_position_values";
const SHOWN = 12;
const OVERDRAWN = 0.01; // of equity
const CASH = { mart: `${SNAPSHOT}.cash`, signed: true, label: "Cash" };
const NO_CAPITAL = "capital not positive";
const HOLDINGS_ONLY = "include_position_tags=false&include_attrib=false&include_timeseries=false";

export const overview = {
    name: "overview",
    title: "Overview",
    hasPeriod: true,
    requests: (address, session) => ({
        overview: `/analytics/portfolio/${address.portfolio}/overview`,
        complete: `/data/portfolio/${address.portfolio}/complete?${HOLDINGS_ONLY}`,
        risk: `/analytics/portfolio/${address.portfolio}/risk-metrics`,
        returns: returnsPath(address, session),
    }),
    draw: (answers, address) => [
        part(answers.overview, (answer) => [coverage(answer), tiles(answer, answers, address)]),
        h(
            "div",
            { class: "split" },
            h(
                "div",
                { class: "stack" },
                part(answers.returns, (answer) => available(answer, () => [returnChart(answer), equityChart(answer)])),
            ),
            h(
                "div",
                { class: "stack" },
                attention(answers, address),
                part(answers.overview, exposures),
                part(answers.complete, (answer) => dayByPosition(answer, address)),
            ),
        ),
    ],
};

function tiles(answer, { risk, returns }, address) {
    const reasonText = reasonOfRatios(answer);
    const measured = (label, name, kind, options) =>
        risk instanceof Problem
            ? null
            : tile(risk, label, `/risk_metrics/${name}`, kind, { mart: `${RISK}.${name}`, ...options });
    return h(
        "section",
        { class: "tiles", "aria-label": "The portfolio" },
        tile(answer, "Equity", "/equity_balance", "usd", { mart: `${SNAPSHOT}.equity` }),
        tile(answer, "P&L of the day", "/pnl/daily_pnl", "usd", {
            mart: `${SNAPSHOT}.daily_pnl`,
            signed: true,
            beside: ["/pnl/daily_return", "share", { mart: `${SNAPSHOT}.daily_return`, reasonText: NO_CAPITAL }],
        }),
        returns instanceof Problem || !returns.body.available ? null : periodTile(returns, address),
        tile(answer, "P&L this year", "/pnl/ytd_pnl", "usd", { mart: `${SNAPSHOT}.ytd_pnl`, signed: true }),
        tile(answer, "P&L in all", "/pnl/total_pnl", "usd", { mart: `${SNAPSHOT}.cumulative_pnl`, signed: true }),
        tile(answer, "Leverage", "/leverage", "ratio", { mart: `${EXPOSURES}.leverage`, reasonText }),
        measured("Volatility 63 d", "annualized_volatility", "share", { reasonText }),
        risk instanceof Problem ? null : betaTile(risk, reasonText),
        measured("VaR 95 %, 1 day", "var_95_1d", "usd"),
    );
}

// why leverage, volatility and beta are null; undefined where it is not the equity
function reasonOfRatios(answer) {
    return isLost(answer) ? "equity not positive" : undefined;
}

// the beta needs more returns of a symbol than the other figures of risk: it says of how much it is
function betaTile(answer, reasonText) {
    const of = { mart: "fct_portfolio_factor_exposures.coverage", label: "Covered by the beta" };
    return tile(answer, "Beta to SPY", "/risk_metrics/portfolio_beta", "beta", {
        mart: `${RISK}.market_beta`,
        reasonText,
        words:
            answer.body.risk_metrics.portfolio_beta === null
                ? null
                : ["of ", figure(answer, "/risk_metrics/portfolio_beta_coverage", "share", of), " of gross"],
    });
}

function periodTile(answer, address) {
    const row = periodRow(answer, address);
    const { period, from, benchmark_symbol: symbol } = answer.body.periods[row];
    // of a portfolio that is younger than the period, the benchmark's return is that since it began
    const isYounger = period !== "ITD" && answer.body.periods.some((one) => one.period === "ITD" && one.from === from);
    const options = (name) => ({
        mart: `${RETURNS}.${name}`,
        key: `${address.portfolio} ${period}`,
        signed: true,
        reason: `/periods/${row}/${name}_null_reason`,
    });
    return tile(answer, `Return ${period}`, `/periods/${row}/time_weighted`, "share", {
        ...options("time_weighted"),
        words: [
            `${symbol ?? "benchmark"} `,
            figure(answer, `/periods/${row}/benchmark`, "share", { ...options("benchmark"), label: "Benchmark" }),
            isYounger && `, both since ${from}`,
        ],
    });
}

function exposures(answer) {
    const line = (name, title) => ({
        name: title,
        pointer: `/exposures/${name}_exposure`,
        kind: "usd",
        mart: `${EXPOSURES}.${name}_exposure`,
        note: figure(answer, `/exposures/${name}_percentage`, "percent", {
            mart: EXPOSURES,
            label: `${title} exposure, of equity`,
            reasonText: reasonOfRatios(answer),
        }),
    });
    const rows = [line("long", "Long"), line("short", "Short"), line("gross", "Gross"), line("net", "Net")];
    return h(
        "section",
        { class: "card" },
        h("h2", {}, "Exposures, of equity"),
        barList(answer, rows, { tone: 1, label: "Exposures" }),
    );
}

function dayByPosition(answer, address) {
    const value = (row) => answer.body.holdings[row].daily_pnl;
    const ranked = rowsOf(answer, "/holdings").sort((one, other) => Math.abs(value(other)) - Math.abs(value(one)));
    const rows = ranked.slice(0, SHOWN).map((row) => ({
        name: answer.body.holdings[row].symbol,
        pointer: under("/holdings", "daily_pnl")(row),
        kind: "usd",
        signed: true,
        mart: `${VALUES}.daily_pnl`,
        key: answer.body.holdings[row].id,
    }));
    const all = h("a", { href: addressOf(address, { screen: "holdings" }) }, `All ${ranked.length} positions`);
    return h(
        "section",
        { class: "card" },
        h("h2", {}, "P&L of the day by position"),
        barList(answer, rows, { label: "P&L of the day" }),
        all,
    );
}

function attention({ overview: summary, complete, risk, restatements }, address) {
    const items = [
        ...overdrawn(summary),
        ...lostEquity(summary),
        ...doubts(summary),
        ...doubts(risk),
        ...flaggedPrices(complete),
        ...restated(restatements, summary, address),
    ];
    const isKnown = ![summary, complete, risk].some((answer) => answer instanceof Problem);
    const list = items.length
        ? h(
              "ul",
              {},
              items.map((item) => h("li", {}, item)),
          )
        : h(
              "p",
              {},
              isKnown
                  ? "Nothing: every position has a price of the day, and every figure is measured."
                  : "Not known: not all of the figures could be read.",
          );
    return h("section", { class: "card" }, h("h2", {}, "Needs attention"), list);
}

function lostEquity(answer) {
    return isLost(answer) ? ["Equity is not positive: there are no returns, and no ratios to it."] : [];
}

function isLost(answer) {
    return !(answer instanceof Problem) && answer.body.equity_balance <= 0;
}

function doubts(answer) {
    const quality = answer instanceof Problem ? null : answer.body.data_quality;
    return quality && quality.flag !== "full_history" ? [quality.message] : [];
}

// More was paid than came in, which a statement that is not complete looks like too; less are fees and interest.
function overdrawn(answer) {
    if (answer instanceof Problem) return [];
    const { cash_balance: cash, equity_balance: equity } = answer.body;
    if (!(cash < -OVERDRAWN * Math.abs(equity))) return [];
    const missing = "a contribution, capital of the start or the newest balance of the cash is missing";
    return [h("span", {}, "Cash of ", figure(answer, "/cash_balance", "usd", CASH), `: if it is no loan, ${missing}.`)];
}

function flaggedPrices(answer) {
    if (answer instanceof Problem) return [];
    const byFlag = new Map();
    for (const { symbol, price_flag: flag } of answer.body.holdings) {
        if (flag) byFlag.set(flag, [...(byFlag.get(flag) ?? []), symbol]);
    }
    return [...byFlag].map(([flag, symbols]) => `No price of the day (${formats.text(flag)}): ${symbols.join(", ")}.`);
}

function restated(answer, summary, address) {
    if (answer instanceof Problem || summary instanceof Problem) return [];
    const rows = answer.body.restatements.filter(({ as_of_date: date }) => date === summary.asOf);
    return rows.length
        ? [h("a", { href: addressOf(address, { screen: "data" }) }, "Figures of this session were restated")]
        : [];
}
