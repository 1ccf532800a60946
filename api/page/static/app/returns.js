// The returns of a portfolio: GET /analytics/portfolio/{id}/returns, and the chart of its series.

import { legend, chartFrame } from "../charts/frame.js";
import { lineChart } from "../charts/line.js";
import { within } from "../charts/dates.js";
import { dataTable } from "./table.js";

const MART = "fct_returns_by_period";

// A week and a custom range are ranges that the API is asked for; the other periods are always in its answer.
export function returnsPath({ portfolio, period, params }) {
    const range = new URLSearchParams({ include_series: "true" });
    if (period === "custom" && params.from) range.set("from", params.from);
    if (period === "custom" && params.to) range.set("to", params.to);
    return `/analytics/portfolio/${portfolio}/returns?${range}`;
}

// The number of the period's row in the answer; null if it has none.
export function periodRow(answer, { period }) {
    const row = answer.body.periods.findIndex(({ period: name }) => name === period);
    return row < 0 ? null : row;
}

export function returnChart(answer, address) {
    const row = periodRow(answer, address);
    const { from, to } = row === null ? {} : answer.body.periods[row];
    const dates = answer.body.series.map(({ date }) => date);
    const rows = within(dates, from, to);
    const line = (name, field, tone) => ({ name, tone, answer, at: (place) => `/series/${rows[place]}/${field}` });
    const series = [line("Portfolio", "time_weighted", 1), line("Benchmark", "benchmark", 2)];
    const below = { ...line("Drawdown", "drawdown", 6), kind: "share" };
    return chartFrame({
        title: "Time-weighted return",
        legend: legend(series),
        draw: (width) => lineChart({ width, dates: rows.map((place) => dates[place]), series, below, kind: "share", signed: true, label: "Time-weighted return, benchmark and drawdown" }),
        table: () => dataTable({ name: "returns", answer, columns: columns(), rows }),
    });
}

function columns() {
    const field = (name) => (row) => `/series/${row}/${name}`;
    return [
        { title: "Session", at: field("date"), kind: "date" },
        { title: "Portfolio", at: field("time_weighted"), kind: "share", signed: true, mart: MART },
        { title: "Benchmark", at: field("benchmark"), kind: "share", signed: true, mart: MART },
        { title: "Drawdown", at: field("drawdown"), kind: "share", mart: MART },
    ];
}
