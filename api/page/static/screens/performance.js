// Performance: returns beside the benchmark's, where they came from, the risk against it, drawdowns, what earned most, realized gains.

import { h } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { available, part } from "../app/notices.js";
import { periodQuery } from "../app/periods.js";
import { RETURNS, returnsPath } from "../app/returns.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { facts } from "../figures/tiles.js";
import { barList } from "../charts/bars.js";
import { equityChart, returnChart } from "../charts/returns.js";
import { dimensionOf, factorTable, segmentTable } from "./performance/attribution.js";
import { againstBenchmark, byFactor, bySymbol, isHeld } from "./performance/benchmark.js";
import { realizedGains } from "./performance/gains.js";

const SNAPSHOT = "fct_portfolio_snapshots";
const VALUES = "fct_position_values";
const NAMES = { custom: "The chosen range", ITD: "Since inception" };

export const performance = {
    name: "performance",
    title: "Performance",
    hasPeriod: true,
    requests: (address, session) => ({
        returns: returnsPath(address, session),
        segments: `/analytics/portfolio/${address.portfolio}/attribution?${periodQuery(address, { dimension: dimensionOf(address) })}`,
        factors: `/analytics/portfolio/${address.portfolio}/factor-attribution?${periodQuery(address)}`,
        benchmark: `/analytics/portfolio/${address.portfolio}/benchmark-risk?by=symbol`,
        gains: `/portfolios/${address.portfolio}/realized-gains`,
        overview: `/analytics/portfolio/${address.portfolio}/overview`,
        complete: `/data/portfolio/${address.portfolio}/complete?include_holdings=false&include_timeseries=false`,
    }),
    draw: ({ returns, segments, factors, benchmark, gains, overview, complete }, address) => [
        part(returns, (answer) => available(answer, () => [returnChart(answer), byPeriod(answer, address)])),
        part(segments, (answer) =>
            card(
                "Attribution against the benchmark",
                available(answer, () => segmentTable(answer, address)),
            ),
        ),
        part(factors, (answer) =>
            card(
                "Attribution to factors",
                available(answer, () => factorTable(answer)),
            ),
        ),
        h(
            "div",
            { class: "columns" },
            h(
                "div",
                { class: "stack" },
                part(benchmark, (answer) => card("Risk against the benchmark", shown(answer, againstBenchmark))),
                part(benchmark, (answer) => isHeld(answer) && card("Tracking error by factor", byFactor(answer))),
            ),
            part(benchmark, (answer) => isHeld(answer) && card("Tracking error by symbol", bySymbol(answer))),
        ),
        h(
            "div",
            { class: "columns" },
            part(returns, (answer) => answer.body.available && byMonth(answer)),
            part(returns, (answer) => answer.body.available && drawdowns(answer)),
        ),
        h(
            "div",
            { class: "split" },
            part(returns, (answer) => answer.body.available && equityChart(answer)),
            h("div", { class: "stack" }, part(overview, earned), part(returns, dividends)),
        ),
        h(
            "div",
            { class: "columns" },
            part(complete, (answer) => ranked(answer, "contributors", "Earned most")),
            part(complete, (answer) => ranked(answer, "detractors", "Lost most")),
        ),
        part(gains, (answer) => card("Realized gains", realizedGains(answer))),
    ],
};

function card(title, ...content) {
    return h("section", { class: "card" }, h("h2", {}, title), content);
}

function shown(answer, draw) {
    return answer.body.available ? draw(answer) : h("p", { class: "soft" }, answer.body.data_quality.message);
}

// The range of another period is asked for as a custom one too: it is in the table under its own name.
function byPeriod(answer, address) {
    const rows = rowsOf(answer, "/periods").filter(
        (row) => address.period === "custom" || answer.body.periods[row].period !== "custom",
    );
    const field = (name) => under("/periods", name);
    const share = (title, name, reason, options) => ({
        title,
        at: field(name),
        kind: "share",
        signed: true,
        mart: `${RETURNS}.${name}`,
        key: (row) => `${answer.body.portfolio_id} ${answer.body.periods[row].period}`,
        reason: reason && field(reason),
        ...options,
    });
    const yearly = { reasonText: "less than a year" };
    const columns = [
        { title: "Period", at: field("period"), kind: "name", words: (period) => NAMES[period] ?? period },
        { title: "From", at: field("from"), kind: "date" },
        { title: "To", at: field("to"), kind: "date" },
        {
            title: "Sessions",
            at: field("sessions"),
            kind: "count",
            mart: `${RETURNS}.sessions`,
            reason: field("time_weighted_null_reason"),
        },
        share("Time-weighted", "time_weighted", "time_weighted_null_reason"),
        share("A year", "time_weighted_annualized", null, yearly),
        share("Money-weighted", "money_weighted_period", "money_weighted_null_reason"),
        share(answer.body.benchmark?.symbol ?? "Benchmark", "benchmark", "benchmark_null_reason"),
        share("Excess", "excess", "time_weighted_null_reason"),
    ];
    return card("Returns by period", dataTable({ name: "returns by period", answer, columns, rows }));
}

function byMonth(answer) {
    const field = (name) => under("/monthly", name);
    const share = (title, name) => ({
        title,
        at: field(name),
        kind: "share",
        signed: true,
        mart: `${SNAPSHOT}.twr_index`,
        session: () => null,
    });
    const columns = [
        { title: "Month", at: field("month"), kind: "date" },
        { title: "Sessions", at: field("sessions"), kind: "count", mart: SNAPSHOT },
        share("Portfolio", "time_weighted"),
        { ...share("Benchmark", "benchmark"), mart: "fct_benchmark_returns.benchmark_index" },
        share("Excess", "excess"),
        {
            title: "Dividends",
            at: field("dividends"),
            kind: "usd",
            mart: `${SNAPSHOT}.cumulative_dividends`,
            session: () => null,
        },
    ];
    return card(
        "By month",
        dataTable({ name: "returns by month", answer, columns, rows: rowsOf(answer, "/monthly").reverse() }),
    );
}

function drawdowns(answer) {
    const field = (name) => under("/drawdowns", name);
    const columns = [
        { title: "Peak", at: field("peak_date"), kind: "date" },
        { title: "Trough", at: field("trough_date"), kind: "date" },
        { title: "Recovered", at: field("recovery_date"), kind: "date", reasonText: "not yet" },
        {
            title: "Depth",
            at: field("depth"),
            kind: "share",
            signed: true,
            mart: `${SNAPSHOT}.drawdown`,
            session: () => null, // of the range
        },
        { title: "Sessions", at: field("sessions"), kind: "count", mart: SNAPSHOT },
    ];
    const rows = rowsOf(answer, "/drawdowns");
    const { chain_broken_on: brokenOn } = answer.body.metadata;
    return card(
        "Drawdowns",
        brokenOn &&
            h(
                "p",
                { class: "notice" },
                `Equity was not positive on ${brokenOn}: later falls are not known, and the last one may be deeper.`,
            ),
        rows.length ? dataTable({ name: "drawdowns", answer, columns, rows }) : h("p", {}, "None in this range."),
    );
}

function earned(answer) {
    const line = (label, name, mart) => [label, `/pnl/${name}`, "usd", { mart: `${SNAPSHOT}.${mart}`, signed: true }];
    return card(
        "Where the P&L came from, since inception",
        facts(answer, [
            line("In all", "total_pnl", "cumulative_pnl"),
            line("Unrealized", "unrealized_pnl", "unrealized_pnl"),
            line("Realized", "realized_pnl", "cumulative_realized_pnl"),
            line("Dividends", "dividends", "cumulative_dividends"),
        ]),
    );
}

function dividends(answer) {
    const { monthly } = answer.body;
    const rows = rowsOf(answer, "/monthly").filter((row) => monthly[row].dividends !== 0);
    const bars = rows.reverse().map((row) => ({
        name: monthly[row].month,
        pointer: under("/monthly", "dividends")(row),
        kind: "usd",
        mart: `${SNAPSHOT}.cumulative_dividends`,
        session: null, // of the whole month
    }));
    return card(
        "Dividends by month",
        bars.length ? barList(answer, bars, { label: "Dividends by month" }) : h("p", {}, "None in this range."),
    );
}

function ranked(answer, list, title) {
    const { attribution } = answer.body;
    const rows = rowsOf(answer, `/attribution/${list}`).map((row) => ({
        name: attribution[list][row].symbol,
        pointer: `/attribution/${list}/${row}/pnl`,
        kind: "usd",
        signed: true,
        mart: VALUES,
    }));
    const span = `${formats.date(attribution.from_date)} to ${formats.date(attribution.to_date)}`;
    return card(
        title,
        h("p", { class: "soft" }, span),
        rows.length ? barList(answer, rows, { label: title }) : h("p", {}, "None."),
    );
}
