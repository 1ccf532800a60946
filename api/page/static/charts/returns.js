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
    const columns = [
        { title: "Session", at: field("dates"), kind: "date" },
        { title: "Portfolio", at: field("time_weighted"), kind: "share", signed: true, mart: `${SNAPSHOT}.twr_index` },
        {
            title: "Benchmark",
            at: field("benchmark"),
            kind: "share",
            signed: true,
            mart: `${BENCHMARK}.benchmark_index`,
        },
        { title: "Drawdown", at: field("drawdown"), kind: "share", mart: `${SNAPSHOT}.drawdown` },
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
    const columns = [
        { title: "Session", at: field("dates"), kind: "date" },
        { title: "Equity", at: field("values"), kind: "usd", mart: `${SNAPSHOT}.equity` },
        { title: "Capital flow", at: field("capital_flows"), kind: "usd", mart: `${SNAPSHOT}.capital_flow` },
    ];
    return chartFrame({
        title: "Equity",
        draw: (width) => lineChart({ width, dates, series, kind: "usd", label: "Equity in USD by session" }),
        table: () => dataTable({ name: "equity", answer, columns, rows: rowsOf(answer) }),
    });
}
