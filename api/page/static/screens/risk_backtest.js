// The backtest of value at risk: how often losses exceeded it, by method, and day by day.

import { h } from "../app/dom.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { chartFrame, legend } from "../charts/frame.js";
import { stripChart } from "../charts/strip.js";

const RISK = "fct_portfolio_risk";
const BACKTEST = "fct_var_backtest";
const SNAPSHOT = "fct_portfolio_snapshots";

export function backtest(answer) {
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

export function backtestByDay(answer) {
    const { daily } = answer.body;
    if (!daily?.length) return null;
    const field = (name) => under("/daily", name);
    const limit = (level, tone) => ({
        name: `VaR ${level} %`,
        tone,
        answer,
        at: field(`historical/var_${level}_1d`),
        isBeyond: (row) => daily[row].historical[`is_breach_${level}`] === true,
    });
    const limits = [limit(95, 2), limit(99, 3)];
    return chartFrame({
        title: "Backtest by day",
        note:
            "P&L of the positions of the close before, held unchanged, and the historical value at risk of that close. " +
            "Triangles: a larger loss.",
        legend: legend(limits),
        draw: (width) =>
            stripChart({
                width,
                dates: daily.map(({ date }) => date),
                bars: { name: "P&L", answer, at: field("hypothetical_pnl") },
                limits,
                kind: "usd",
                label: "P&L by day against value at risk",
            }),
        table: () => dailyTable(answer, field, daily),
    });
}

function dailyTable(answer, field, daily) {
    const session = (row) => daily[row].date;
    const pnl = (title, name, column) => ({
        title,
        at: field(name),
        kind: "usd",
        signed: true,
        mart: `${SNAPSHOT}.${column}`,
        session,
    });
    const forecast = (title, method, level, suffix) => [
        {
            title: `${title} VaR ${level} %`,
            at: field(`${method}/var_${level}_1d`),
            kind: "usd",
            mart: `${RISK}.var_${level}_1d${suffix}`,
            session: (row) => daily[row].forecast_date,
        },
        { title: "Exceeded", at: field(`${method}/is_breach_${level}`), kind: "flag" },
    ];
    const columns = [
        { title: "Session", at: field("date"), kind: "date" },
        pnl("P&L held unchanged", "hypothetical_pnl", "hypothetical_pnl"),
        pnl("P&L as earned", "actual_pnl", "public_daily_pnl"),
        ...[95, 99].flatMap((level) => forecast("Historical", "historical", level, "")),
        ...[95, 99].flatMap((level) => forecast("Filtered", "filtered", level, "_filtered")),
    ];
    return dataTable({ name: "backtest by day", answer, columns, rows: rowsOf(answer, "/daily").reverse() });
}
