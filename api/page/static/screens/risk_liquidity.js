// Liquidity: how fast the portfolio can be sold, at what cost, and the positions that take longest.

import { h } from "../app/dom.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { facts } from "../figures/tiles.js";

const PORTFOLIO = "fct_portfolio_liquidity";
const POSITION = "fct_position_liquidity";
const VAR_REASON = "/data/liquidity_adjusted_var_null_reason";

export function liquidity(answer) {
    const { participation } = answer.body.metadata;
    return [
        h("p", { class: "soft" }, `Trading ${100 * participation} % of the average volume; days are sessions.`),
        facts(answer, [
            ["Sold within 1 day", "/data/share_1d", "share", { mart: `${PORTFOLIO}.share_1d` }],
            ["Within 7 days", "/data/share_7d", "share", { mart: `${PORTFOLIO}.share_7d` }],
            ["Within 30 days", "/data/share_30d", "share", { mart: `${PORTFOLIO}.share_30d` }],
            ["Known", "/metadata/coverage", "share", { mart: `${PORTFOLIO}.coverage` }],
            [
                "Days to sell 95 % of what is known",
                "/data/days_to_liquidate_95",
                "days",
                { mart: `${PORTFOLIO}.days_to_liquidate_95`, reasonText: "no volume is known" },
            ],
            [
                "Cost of selling",
                "/data/cost",
                "usd",
                { mart: `${PORTFOLIO}.cost`, reasonText: "no position has a known cost" },
            ],
            [
                "VaR 95 % while it is sold",
                "/data/liquidity_adjusted_var",
                "usd",
                { mart: `${PORTFOLIO}.liquidity_adjusted_var`, reason: VAR_REASON },
            ],
        ]),
        positions(answer),
    ];
}

function positions(answer) {
    const field = (name) => under("/positions", name);
    const key = (row) => answer.body.positions[row].position_id;
    const columns = [
        { title: "Position", at: field("symbol"), kind: "name" },
        {
            title: "Days",
            at: field("days_to_liquidate"),
            kind: "days",
            mart: `${POSITION}.days_to_liquidate`,
            key,
            reason: field("null_reason"),
        },
        { title: "Class", at: field("bucket"), kind: "text", reasonText: "not known" },
        {
            title: "Cost",
            at: field("cost"),
            kind: "usd",
            mart: `${POSITION}.cost`,
            key,
            reason: field("cost_null_reason"),
        },
    ];
    return dataTable({ name: "liquidity", answer, columns, rows: rowsOf(answer, "/positions") });
}
