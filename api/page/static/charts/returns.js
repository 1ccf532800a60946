// The time-weighted return over a period beside the benchmark's, with the drawdown beneath; and the equity.

import { dataTable } from "../figures/table.js";
import { chartFrame, legend } from "./frame.js";
import { lineChart } from "./line.js";

const SNAPSHOT = "fct_portfolio_snapshots";
const BENCHMARK = "fct_benchmark_returns";

const field = (name) => (row) => `/series/${name}/${row}`;

function rowsOf({ body }) {
    return body.series.dates.map((_, row) => row);
}

export function returnChart(answer) {
    const { dates } = answer.body.series;
    const line = (name, values, tone) => ({ name, tone, answer, at: field(values) });
    const series = [
        line("Portfolio", "time_weighted", 1),
        line(answer.body.benchmark?.symbol ?? "Benchmark", "benchmark", 2),
    ];
    const below = { ...line("Drawdown", "drawdown", 6), kind: "share" };
    const session = () => null; // since the range begins: of several sessions
    const share = (title, name, mart, signed) => ({ title, at: field(name), kind: "share", mart, session, signed });
    const columns = [
        { title: "Session", at: field("dates"), kind: "date" },
        share("Portfolio", "time_weighted", `${SNAPSHOT}.twr_index`, true),
        share("Benchmark", "benchmark", `${BENCHMARK}.benchmark_index`, true),
        share("Drawdown", "drawdown", `${SNAPSHOT}.drawdown`),
    ];
    return chartFrame({
        title: "Time-weighted return",
        legend: legend(series),
        draw: (width) =>
            lineChart({
                width,
                dates,
                series,
                below,
                kind: "share",
                signed: true,
                label: "Time-weighted return, benchmark, and drawdown",
            }),
        table: () => dataTable({ name: "returns by session", answer, columns, rows: rowsOf(answer) }),
    });
}

export function equityChart(answer) {
    const { dates } = answer.body.series;
    const series = [{ name: "Equity", tone: 1, answer, at: field("values") }];
    const session = (row) => dates[row];
    const columns = [
        { title: "Session", at: field("dates"), kind: "date" },
        { title: "Equity", at: field("values"), kind: "usd", mart: `${SNAPSHOT}.equity`, session },
        { title: "Capital flow", at: field("capital_flows"), kind: "usd", mart: `${SNAPSHOT}.capital_flow`, session },
    ];
    return chartFrame({
        title: "Equity",
        draw: (width) => lineChart({ width, dates, series, kind: "usd", label: "Equity in USD by session" }),
        table: () => dataTable({ name: "equity", answer, columns, rows: rowsOf(answer) }),
    });
}
