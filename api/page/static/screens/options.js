// Options: Greeks of the portfolio and by position, what they did to the P&L, and what options are worth when they expire.

import { h } from "../app/dom.js";
import { available, part } from "../app/notices.js";
import { periodQuery } from "../app/periods.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { tile } from "../figures/tiles.js";
import { barList } from "../charts/bars.js";
import { payoffCharts } from "./options_payoff.js";
import { explainedPnl } from "./options_pnl.js";

const TOTALS = "fct_portfolio_greeks";
const GREEKS = "fct_position_greeks";

export const options = {
    name: "options",
    title: "Options",
    hasPeriod: true,
    requests: (address) => ({
        greeks: `/analytics/portfolio/${address.portfolio}/greeks`,
        explained: `/analytics/portfolio/${address.portfolio}/option-pnl-explain?${periodQuery(address)}`,
        payoffs: `/analytics/portfolio/${address.portfolio}/option-payoffs`,
    }),
    draw: ({ greeks, explained, payoffs }) => [
        part(greeks, (answer) => available(answer, draw)),
        part(explained, (answer) => available(answer, explainedPnl)),
        part(payoffs, (answer) => answer.body.available && payoffCharts(answer)),
    ],
};

function draw(answer) {
    if (!answer.body.positions.length)
        return [
            totals(answer),
            h(
                "p",
                { class: "soft" },
                "No options are held: the figures above are those of shares, with a delta of one each.",
            ),
        ];
    return [
        totals(answer),
        h(
            "div",
            { class: "columns" },
            byPosition(answer, "delta_dollars", "Delta by position, USD"),
            byPosition(answer, "position_vega", "Vega by position, USD a point"),
            byPosition(answer, "position_theta", "Theta by position, USD a day"),
        ),
        positions(answer),
    ];
}

function totals(answer) {
    const one = (label, name, kind, words) =>
        tile(answer, label, `/data/${name}`, kind, { mart: `${TOTALS}.${name}`, words });
    return h(
        "section",
        { class: "tiles", "aria-label": "Greeks of the portfolio" },
        one("Delta", "delta_dollars", "usd", "USD"),
        one("Gamma", "gamma_dollars_1pct", "usd", "USD of delta for 1 %"),
        one("Theta", "theta", "usd", "USD a day"),
        one("Vega", "vega", "usd", "USD a volatility point"),
        one("Rho", "rho", "usd", "USD a rate point"),
        tile(answer, "Options", "/data/option_count", "count", { mart: `${TOTALS}.option_count` }),
    );
}

function byPosition(answer, name, title) {
    const rows = rowsOf(answer, "/positions").map((row) => ({
        name: answer.body.positions[row].symbol,
        pointer: under("/positions", name)(row),
        kind: "usd",
        mart: GREEKS,
        reason: under("/positions", "null_reason")(row),
    }));
    return h("section", { class: "card" }, h("h2", {}, title), barList(answer, rows, { tone: 1, label: title }));
}

function positions(answer) {
    const field = (name) => under("/positions", name);
    const key = (row) => answer.body.positions[row].position_id;
    const reason = field("null_reason");
    const greek = (title, name, kind = "greek") => ({
        title,
        at: field(name),
        kind,
        mart: `${GREEKS}.${name}`,
        key,
        reason,
    });
    const columns = [
        { title: "Contract", at: field("symbol"), kind: "name" },
        { title: "Underlying", at: field("underlying_symbol"), kind: "name" },
        { title: "Expires", at: field("expiration_date"), kind: "date" },
        { title: "Exercise", at: field("exercise"), kind: "name" },
        { title: "Strike", at: field("strike_price"), kind: "price", mart: GREEKS, key },
        { title: "Spot", at: field("underlying_price"), kind: "price", mart: GREEKS, key, reason },
        { title: "Price", at: field("option_price"), kind: "price", mart: GREEKS, key, reason },
        { title: "Price from", at: field("price_flag"), kind: "text" },
        greek("Implied vol.", "implied_volatility", "share"),
        { title: "Vol. from", at: field("iv_source"), kind: "text" },
        greek("Delta", "delta"),
        greek("Gamma", "gamma"),
        greek("Theta", "theta"),
        greek("Vega", "vega"),
        greek("Rho", "rho"),
        { title: "Delta USD", at: field("delta_dollars"), kind: "usd", mart: GREEKS, key, reason },
    ];
    const rows = rowsOf(answer, "/positions");
    return h(
        "section",
        { class: "card" },
        h("h2", {}, "Positions, by share"),
        dataTable({ name: "options", answer, columns, rows, search: true, ...byExpiry(answer, columns.length) }),
    );
}

// A row above the contracts of each expiry, the next one first.
function byExpiry({ body }, width) {
    const dates = [...new Set(body.positions.map(({ expiration_date: date }) => date))].sort();
    const group = (name) => ({ name, cells: [h("th", { scope: "colgroup", colspan: width }, `Expires ${name}`)] });
    return { groups: dates.map(group), groupOf: (row) => [body.positions[row].expiration_date] };
}
