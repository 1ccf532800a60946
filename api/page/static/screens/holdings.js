// Holdings: positions as a tree by class, sector, type or tag, with value, weight, P&L and what they came to.

import { go, note } from "../app/address.js";
import { h } from "../app/dom.js";
import { figure } from "../app/figure.js";
import { part } from "../app/notices.js";
import { dataTable, rowsOf, under } from "../app/table.js";
import { tile } from "../app/tiles.js";

const VALUES = "fct_position_values";
const GROUPS = { sector: "Sector", class: "Class", type: "Type", tag: "Tag", symbol: "Symbol", none: "None" };
const START = "sector";
const TITLES = 3; // columns before the figures

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
    const isGrouped = list.body.groups !== null;
    const bucketsOf = bucketsById(list.body.positions, groupBy(address));
    const { sort = "", q: query = "" } = address.params;
    const table = dataTable({
        name: "holdings",
        answer,
        columns: columns(answer),
        rows: rowsOf(answer, "/positions"),
        search: true,
        groups: isGrouped
            ? rowsOf(list, "/groups").map((row) => group(list, row, columns(answer).slice(TITLES)))
            : undefined,
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

function columns({ body }) {
    const field = (name) => under("/positions", name);
    const key = (row) => body.positions[row].id;
    const signed = true;
    return [
        { title: "Symbol", at: field("symbol"), kind: "name" },
        { title: "Name", at: field("company_name"), kind: "name" },
        { title: "Type", at: field("position_type"), kind: "name" },
        { title: "Quantity", at: field("quantity"), kind: "quantity", mart: `${VALUES}.quantity`, key },
        {
            title: "Price",
            at: field("current_price"),
            kind: "price",
            mart: `${VALUES}.price`,
            key,
            reason: field("price_flag"),
        },
        ...(body.positions.some(({ price_flag: flag }) => flag)
            ? [{ title: "Price flag", at: field("price_flag"), kind: "text" }]
            : []),
        {
            title: "Market value",
            at: field("market_value"),
            sum: "market_value",
            kind: "usd",
            mart: `${VALUES}.market_value`,
            key,
        },
        { title: "Weight", at: field("weight"), kind: "share", mart: `${VALUES}.weight`, key },
        {
            title: "Day P&L",
            at: field("day_change_value"),
            sum: "day_change_value",
            kind: "usd",
            signed,
            mart: `${VALUES}.daily_pnl`,
            key,
        },
        { title: "Day", at: field("day_change_percent"), kind: "percent", signed, mart: VALUES, key },
        {
            title: "Unrealized",
            at: field("unrealized_pnl"),
            sum: "unrealized_pnl",
            kind: "usd",
            signed,
            mart: `${VALUES}.unrealized_pnl`,
            key,
        },
        { title: "Of cost", at: field("unrealized_pnl_percent"), kind: "percent", signed, mart: VALUES, key },
        { title: "Total P&L", at: field("total_pnl"), kind: "usd", signed, mart: `${VALUES}.cumulative_pnl`, key },
        { title: "Entered", at: field("entry_date"), kind: "date" },
        {
            title: "Tags",
            draw: (row) =>
                h(
                    "span",
                    { class: "tags" },
                    body.positions[row].tags.map(({ name }) => h("span", { class: "tag" }, name)),
                ),
        },
    ];
}

// The row of a group: its name over the first columns, and its sums under those of its positions.
function group(list, row, others) {
    const field = (name) => under("/groups", name)(row);
    const { bucket } = list.body.groups[row];
    const title = h(
        "th",
        { scope: "colgroup", colspan: TITLES },
        bucket,
        " ",
        figure(list, field("position_count"), "count", { mart: VALUES }),
    );
    const cell = ({ sum, title: label, ...column }) =>
        h(
            "td",
            { class: "number" },
            sum &&
                figure(list, field(sum), "usd", {
                    mart: VALUES,
                    signed: column.signed,
                    label: `${label} of ${bucket}`,
                }),
        );
    return { name: bucket, cells: [title, ...others.map(cell)] };
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
