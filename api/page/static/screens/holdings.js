// Holdings: positions as a tree by class, sector, type or tag, with value, weight, P&L and what they came to.

import { go, note } from "../app/address.js";
import { h } from "../app/dom.js";
import { part } from "../app/notices.js";
import { dataTable, rowsOf } from "../figures/table.js";
import { tile } from "../figures/tiles.js";
import { columns, groupRow } from "./holdings_columns.js";

const VALUES = "fct_position_values";
const GROUPS = { sector: "Sector", class: "Class", type: "Type", tag: "Tag", symbol: "Symbol", none: "None" };
const START = "sector";

const groupBy = ({ params }) => (params.group in GROUPS ? params.group : START);

function listOf(address) {
    const group = groupBy(address);
    return new URLSearchParams({
        portfolio_id: address.portfolio,
        limit: "1000",
        ...(group !== "none" && { group_by: group }),
    });
}

export const holdings = {
    name: "holdings",
    title: "Holdings",
    requests: (address) => ({
        details: `/data/positions/details?portfolio_id=${address.portfolio}`,
        listed: `/data/positions?${listOf(address)}`,
    }),
    draw: ({ details, listed }, address) =>
        part(details, (answer) => [
            totals(answer),
            groupPicker(address),
            part(listed, (list) => tree(answer, list, address)),
        ]),
};

function totals(answer) {
    const row = (label, name, kind, options) =>
        tile(answer, label, `/summary/${name}`, kind, { mart: VALUES, ...options });
    return h(
        "section",
        { class: "tiles", "aria-label": "All positions" },
        row("Market value", "total_market_value", "usd"),
        row("Cost", "total_cost_basis", "usd"),
        row("Unrealized P&L", "total_unrealized_pnl", "usd", { signed: true }),
        row("Positions", "total_positions", "count"),
    );
}

function groupPicker(address) {
    const now = groupBy(address);
    const buttons = Object.entries(GROUPS).map(([name, title]) =>
        h(
            "button",
            {
                type: "button",
                class: "small",
                "aria-pressed": String(name === now),
                "data-focus": `group ${name}`,
                onclick: () => go({ group: name }),
            },
            title,
        ),
    );
    return h(
        "div",
        { class: "periods", role: "group", "aria-label": "Group by" },
        h("span", { class: "soft" }, "Group by"),
        buttons,
    );
}

function tree(answer, list, address) {
    const shown = columns(answer);
    const isGrouped = list.body.groups !== null;
    const bucketsOf = bucketsById(list.body.positions, groupBy(address));
    const { sort = "", q: query = "" } = address.params;
    const table = dataTable({
        name: "holdings",
        answer,
        columns: shown,
        rows: rowsOf(answer, "/positions"),
        search: true,
        groups: isGrouped ? rowsOf(list, "/groups").map((row) => groupRow(list, row, shown)) : undefined,
        groupOf: (row) => bucketsOf.get(answer.body.positions[row].id) ?? [],
        state: { sort, query },
        onState: (change) =>
            note({ ...("sort" in change && { sort: change.sort }), ...("query" in change && { q: change.query }) }),
    });
    return h("section", { class: "card" }, truncated(answer), table);
}

// The groups that a position belongs to, by its id.
function bucketsById(positions, dimension) {
    const fields = { sector: "sector", class: "investment_class", type: "position_type", symbol: "symbol" };
    return new Map(
        positions.map((row) => [
            row.id,
            dimension === "tag" ? (row.tags.length ? row.tags : ["untagged"]) : [row[fields[dimension]]],
        ]),
    );
}

function truncated({ body }) {
    return (
        body.meta.truncated &&
        h(
            "p",
            { class: "notice" },
            `The first ${body.meta.rows_returned} of ${body.summary.total_positions} positions.`,
        )
    );
}
