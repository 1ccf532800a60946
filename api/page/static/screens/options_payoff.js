// What options are worth when they expire, over prices of the underlying: a chart for each underlying and expiration.

import { h } from "../app/dom.js";
import { figure } from "../figures/figure.js";
import { formats } from "../figures/format.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { chartFrame, legend } from "../charts/frame.js";
import { lineChart } from "../charts/line.js";

const GREEKS = "fct_position_greeks";

export function payoffCharts(answer) {
    if (!answer.body.payoffs.length) return null;
    return h(
        "section",
        { class: "stack", "aria-label": "At expiration" },
        h("h2", {}, "P&L when they expire, against the close"),
        h(
            "div",
            { class: "columns" },
            rowsOf(answer, "/payoffs").map((row) => payoffChart(answer, row)),
        ),
    );
}

function payoffChart(answer, row) {
    const { underlying_symbol: symbol, expiration_date: day, spot, shares, points } = answer.body.payoffs[row];
    const field = (name) => under(`/payoffs/${row}/points`, name);
    const line = (name, values, tone) => ({ name, tone, answer, at: field(values) });
    const series = [line("Options", "options_pnl", 1), ...(shares ? [line("With the shares", "pnl", 2)] : [])];
    const close = figure(answer, `/payoffs/${row}/spot`, "price", { mart: GREEKS, label: `Price of ${symbol}` });
    const title = `${symbol}, ${formats.date(day)}`;
    return chartFrame({
        title,
        note: spot === null ? `${symbol} was never priced: only strikes are shown.` : ["At ", close, " now."],
        legend: legend(series),
        draw: (width) =>
            lineChart({
                width,
                prices: {
                    name: symbol,
                    kind: "price",
                    answer,
                    at: field("underlying_price"),
                    count: points.length,
                },
                spot,
                series,
                kind: "usd",
                signed: true,
                label: `P&L of options on ${title}, by price of the underlying`,
            }),
        table: () => payoffTable(answer, row, field, `payoff ${title}`),
    });
}

function payoffTable(answer, row, field, name) {
    const usd = (title, column, signed) => ({ title, at: field(column), kind: "usd", signed, mart: GREEKS });
    const columns = [
        { title: "Price", at: field("underlying_price"), kind: "price", mart: GREEKS },
        usd("Options", "options_value"),
        usd("P&L of options", "options_pnl", true),
        usd("Shares", "shares_value"),
        usd("P&L with shares", "pnl", true),
    ];
    return dataTable({ name, answer, columns, rows: rowsOf(answer, `/payoffs/${row}/points`) });
}
