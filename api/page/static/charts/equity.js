// Equity over the sessions of a period.

import { dataTable } from "../app/table.js";
import { chartFrame } from "./frame.js";
import { within } from "./dates.js";
import { lineChart } from "./line.js";

const SNAPSHOT = "fct_portfolio_snapshots";

// answer: of /data/portfolio/{id}/complete. from, to: the period; all sessions without it.
export function equityChart(answer, { from, to } = {}) {
    const { dates } = answer.body.timeseries;
    const rows = within(dates, from, to);
    const values = (row) => `/timeseries/values/${row}`;
    const series = [{ name: "Equity", tone: 1, answer, at: (place) => values(rows[place]) }];
    const columns = [
        { title: "Session", at: (row) => `/timeseries/dates/${row}`, kind: "date" },
        { title: "Equity", at: values, kind: "usd", mart: `${SNAPSHOT}.equity` },
        { title: "P&L", at: (row) => `/timeseries/daily_pnl/${row}`, kind: "usd", signed: true, mart: `${SNAPSHOT}.daily_pnl` },
    ];
    return chartFrame({
        title: "Equity",
        draw: (width) => lineChart({ width, dates: rows.map((row) => dates[row]), series, kind: "usd", label: "Equity in USD by session" }),
        table: () => dataTable({ name: "equity", answer, columns, rows }),
    });
}
