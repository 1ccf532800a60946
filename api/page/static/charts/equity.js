// Equity over the sessions that the answer has: at most 252.

import { dataTable } from "../app/table.js";
import { chartFrame } from "./frame.js";
import { lineChart } from "./line.js";

const SNAPSHOT = "fct_portfolio_snapshots";

// answer: of /data/portfolio/{id}/complete.
export function equityChart(answer) {
    const { dates } = answer.body.timeseries;
    const rows = dates.map((_, row) => row);
    const values = (row) => `/timeseries/values/${row}`;
    const series = [{ name: "Equity", tone: 1, answer, at: values }];
    const columns = [
        { title: "Session", at: (row) => `/timeseries/dates/${row}`, kind: "date" },
        { title: "Equity", at: values, kind: "usd", mart: `${SNAPSHOT}.equity` },
        { title: "P&L", at: (row) => `/timeseries/daily_pnl/${row}`, kind: "usd", signed: true, mart: `${SNAPSHOT}.daily_pnl` },
    ];
    return chartFrame({
        title: "Equity",
        draw: (width) => lineChart({ width, dates, series, kind: "usd", label: "Equity in USD by session" }),
        table: () => dataTable({ name: "equity", answer, columns, rows }),
    });
}
