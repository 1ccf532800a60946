// Realized gains: totals by year under the portfolio's lot method, and the lots of the last disposals.

import { h } from "../../app/dom.js";
import { dataTable, rowsOf, under } from "../../figures/table.js";

const GAINS = "fct_realized_gains";
const SHOWN = 12; // the newest

export function realizedGains(answer) {
    if (answer.body.total === 0) {
        return [unequal(answer), h("p", {}, "Nothing was sold, covered or expired.")];
    }
    return [
        unequal(answer),
        h("p", { class: "soft" }, "By the portfolio's lot method; wash sales stand beside the gain. Not tax advice."),
        byYear(answer),
        h("h3", {}, "The last lots"),
        byLot(answer),
    ];
}

// Gains follow from transactions where there are any: those that do not add up to what is held are not complete.
function unequal(answer) {
    const symbols = answer.body.unequal_quantities.map(({ symbol }) => symbol);
    if (!symbols.length) return null;
    const held = `Transactions do not add up to the quantities of the statements: ${symbols.join(", ")}.`;
    return h("p", { role: "status" }, `${held} Gains of these may be wrong.`);
}

function usd(list, title, name, column, options = {}) {
    return { title, at: under(list, name), kind: "usd", mart: `${GAINS}.${column}`, session: () => null, ...options };
}

function byYear(answer) {
    const list = "/by_year";
    const columns = [
        { title: "Year", at: under(list, "year"), kind: "name" },
        usd(list, "Short term", "short_term", "gain", { signed: true }),
        usd(list, "Long term", "long_term", "gain", { signed: true }),
        usd(list, "Gain", "total", "gain", { signed: true }),
        usd(list, "Wash sales", "wash_disallowed", "wash_disallowed"),
    ];
    return dataTable({ name: "realized gains by year", answer, columns, rows: rowsOf(answer, list) });
}

function byLot(answer) {
    const list = "/lots";
    const columns = [
        { title: "Symbol", at: under(list, "symbol"), kind: "name" },
        { title: "Acquired", at: under(list, "acquired_on"), kind: "date" },
        { title: "Disposed", at: under(list, "disposed_on"), kind: "date" },
        { title: "Term", at: under(list, "term"), kind: "name", reason: under(list, "term_null_reason") },
        usd(list, "Proceeds", "proceeds", "proceeds"),
        usd(list, "Basis", "basis", "basis"),
        usd(list, "Gain", "gain", "gain", { signed: true }),
    ];
    const rows = rowsOf(answer, list).slice(0, SHOWN);
    return dataTable({ name: "realized lots", answer, columns, rows });
}
