// The columns of the holdings: position by position, and the sums of a group under them.

import { h } from "../app/dom.js";
import { figure } from "../figures/figure.js";
import { under } from "../figures/table.js";

const VALUES = "fct_position_values";
const RISK = "fct_risk_contributions";
const TITLES = 3; // columns before the figures

// sum: the field of a group that stands under the column.
export function columns({ body }) {
    const field = (name) => under("/positions", name);
    const key = (row) => body.positions[row].id;
    const text = (title, name, kind = "name") => ({ title, at: field(name), kind });
    const value = (title, name, kind, mart, more) => ({ title, at: field(name), kind, mart, key, ...more });
    const risk = { reason: field("risk_null_reason") };
    const gain = { signed: true };
    return [
        text("Symbol", "symbol"),
        text("Name", "company_name"),
        text("Type", "position_type"),
        value("Quantity", "quantity", "quantity", `${VALUES}.quantity`),
        value("Price", "current_price", "price", `${VALUES}.price`, { reason: field("price_flag") }),
        body.positions.some(({ price_flag: flag }) => flag) && text("Price flag", "price_flag", "text"),
        value("Market value", "market_value", "usd", `${VALUES}.market_value`, { sum: "market_value" }),
        value("Weight", "weight", "share", `${VALUES}.weight`),
        value("Day P&L", "day_change_value", "usd", `${VALUES}.daily_pnl`, { ...gain, sum: "day_change_value" }),
        value("Day", "day_change_percent", "percent", VALUES, gain),
        value("Contribution", "contribution", "share", `${VALUES}.contribution_to_return`, {
            ...gain,
            sum: "contribution",
            reason: field("contribution_null_reason"),
        }),
        value("Total P&L", "total_pnl", "usd", `${VALUES}.cumulative_pnl`, gain),
        value("Unrealized", "unrealized_pnl", "usd", `${VALUES}.unrealized_pnl`, { ...gain, sum: "unrealized_pnl" }),
        value("Of cost", "unrealized_pnl_percent", "percent", VALUES, gain),
        value("Volatility", "risk_contribution", "share", `${RISK}.component`, { ...risk, sum: "risk_contribution" }),
        value("Of risk", "risk_share", "share", `${RISK}.share`, { ...risk, sum: "risk_share" }),
        text("Entered", "entry_date", "date"),
        { title: "Tags", draw: (row) => tags(body.positions[row].tags) },
    ].filter(Boolean);
}

function tags(all) {
    return h(
        "span",
        { class: "tags" },
        all.map(({ name }) => h("span", { class: "tag" }, name)),
    );
}

// The row of a group: its name over the first columns, and its sums under those of its positions.
export function groupRow(list, row, all) {
    const field = (name) => under("/groups", name)(row);
    const { bucket } = list.body.groups[row];
    const count = figure(list, field("position_count"), "count", { mart: VALUES });
    const sumOf = ({ sum, title, kind, mart, signed }) =>
        sum &&
        figure(list, field(sum), kind, {
            mart: mart.split(".")[0],
            signed,
            label: `${title} of ${bucket}`,
            reasonText: "not measured",
        });
    const title = h("th", { scope: "colgroup", colspan: TITLES }, bucket, " ", count);
    const cells = all.slice(TITLES).map((column) => h("td", { class: "number" }, sumOf(column)));
    return { name: bucket, cells: [title, ...cells] };
}
