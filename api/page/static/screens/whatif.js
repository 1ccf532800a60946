// What if: quantities to edit, symbols to add, and what the portfolio would be after these trades. Nothing is written.
// The edited quantities are in the address, so that a link shows the same what-if.

import { addressOf, go } from "../app/address.js";
import { dated, post } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { part, problemNotice } from "../app/notices.js";
import { figure } from "../figures/figure.js";
import { comparison } from "./whatif/comparison.js";
import { heldSymbols, readEdits, tradesOf, writeEdits } from "./whatif/trades.js";

const VALUES = "fct_position_values";
const CASH = { absorb: "Cash pays for the trades", fixed: "Cash stays, equity changes" };

export const whatIf = {
    name: "whatif",
    title: "What if",
    requests: ({ portfolio }) => ({ positions: `/data/positions?portfolio_id=${portfolio}&limit=1000` }),
    draw: ({ positions }, address) => part(positions, (answer) => workbench(answer, address)),
};

function workbench(answer, address) {
    const held = heldSymbols(answer.body.positions);
    const edits = readEdits(address.params.quantities);
    const results = h("div", { class: "stack", "aria-live": "polite" });
    const added = [...edits].filter(([symbol]) => !held.has(symbol)).map((edit) => addedLine(...edit));
    const lines = [
        ...added,
        ...[...held.values()].map((holding) => heldLine(answer, holding, edits.get(holding.symbol))),
    ];
    const body = h(
        "tbody",
        {},
        lines.map(({ node }) => node),
    );
    const cash = h(
        "select",
        { "aria-label": "Cash", "data-focus": "cash" },
        Object.entries(CASH).map(([value, name]) =>
            h("option", { value, selected: value === address.params.cash }, name),
        ),
    );

    function add() {
        const line = addedLine("", "");
        lines.unshift(line);
        body.prepend(line.node);
        line.node.querySelector("input").focus();
    }

    async function ask() {
        lines.filter((line) => !line.isPrivate).forEach((line) => replace(line.note));
        const { trades, unclear } = tradesOf(lines, held);
        for (const { line, sentence } of unclear) replace(line.note, sentence);
        const nothing = h("p", { class: "soft", role: "status" }, "Every quantity is the one that is held.");
        if (unclear.length || !trades.length) return replace(results, !unclear.length && nothing);
        replace(results, h("p", { class: "soft", role: "status" }, "Computing …"));
        try {
            const path = dated(`/analytics/portfolio/${address.portfolio}/what-if`, address);
            const made = await post(path, { trades, cash: cash.value });
            sayOldPrices(made.body);
            replace(results, comparison(made));
        } catch (problem) {
            refuse(problem);
        }
        return undefined;
    }

    // A holding without a price of the session is traded at its last one.
    function sayOldPrices({ trades, calculation_date: day }) {
        for (const { symbol, price_date: date } of trades.filter(({ price_date: date }) => date !== day)) {
            const line = lines.find((one) => one.symbol() === symbol);
            if (line) replace(line.note, `At the price of ${date}: there is none of ${day}.`);
        }
    }

    // Refused trades are named in their rows; what else is wrong, above the results.
    function refuse(problem) {
        replace(results, problemNotice(problem));
        for (const { symbol, message } of problem.trades ?? []) {
            const line = lines.find((one) => one.symbol() === symbol);
            if (line) replace(line.note, message);
        }
    }

    function submit(event) {
        event.preventDefault();
        const changes = { quantities: writeEdits(lines, held), cash: cash.value === "absorb" ? null : cash.value };
        if (addressOf(address, changes) === addressOf(address)) ask();
        else go(changes);
    }

    if (edits.size) ask();
    return [form(submit, { body, cash, add, reset: () => go({ quantities: null, cash: null }) }), results];
}

function form(submit, { body, cash, add, reset }) {
    const head = ["Symbol", "Quantity after", "Held", "Price", ""].map((title, number) =>
        h("th", { scope: "col", class: number > 0 && number < 4 && "number" }, title || "Remark"),
    );
    const button = (name, press) => h("button", { type: "button", class: "small", onclick: press }, name);
    return h(
        "form",
        { class: "card what-if", onsubmit: submit },
        h("h2", {}, "Trades at the close"),
        h("p", { class: "soft" }, "Edit quantities: 0 closes, a negative one is a short. Nothing is written or ordered."),
        h(
            "div",
            { class: "scroll", tabindex: "0", role: "region", "aria-label": "Quantities" },
            h("table", {}, h("thead", {}, h("tr", {}, head)), body),
        ),
        h(
            "div",
            { class: "row" },
            button("Add a symbol", add),
            cash,
            button("Start again", reset),
            h("button", { type: "submit", class: "primary", "data-focus": "compute" }, "Compute"),
        ),
    );
}

// A line: { node, note, symbol(), quantity(), isContract, isPrivate }.
function heldLine(answer, { symbol, rows, quantity, isPrivate, isContract }, edited) {
    const note = h("td", { class: "sentence" });
    const input = quantityInput(symbol, edited ?? String(quantity));
    input.disabled = isPrivate;
    if (isPrivate) note.append("A private holding has no price to trade at.");
    const field = (name, kind, row) => {
        const key = answer.body.positions[row].id;
        return figure(answer, `/positions/${row}/${name}`, kind, { mart: `${VALUES}.${name}`, key, label: symbol });
    };
    const node = h(
        "tr",
        {},
        h("th", { scope: "row" }, symbol),
        h("td", { class: "number" }, input),
        h(
            "td",
            { class: "number" },
            rows.map((row) => h("div", {}, field("quantity", "quantity", row))),
        ),
        h("td", { class: "number" }, field("current_price", "price", rows[0])),
        note,
    );
    const written = () => (isPrivate ? "" : input.value);
    return { node, note, symbol: () => symbol, quantity: written, isContract, isPrivate };
}

function addedLine(symbol, quantity) {
    const note = h("td", { class: "sentence" });
    const name = h("input", {
        "aria-label": "Symbol to add",
        "data-focus": `symbol ${symbol}`,
        maxlength: "64",
        placeholder: "TLT",
        value: symbol,
    });
    const input = quantityInput(symbol || "the symbol", quantity);
    const node = h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        h("td", { class: "number" }, input),
        h("td", { class: "number soft" }, "not held"),
        h("td"),
        note,
    );
    return { node, note, symbol: () => name.value.trim().toUpperCase(), quantity: () => input.value, isContract: false };
}

function quantityInput(symbol, value) {
    return h("input", {
        "aria-label": `Quantity of ${symbol}`,
        "data-focus": `quantity ${symbol}`,
        inputmode: "decimal",
        value,
    });
}
