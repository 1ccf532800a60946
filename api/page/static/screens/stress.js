// Stress: the scenarios ranked, and one of them by factor and by position.

import { addressOf } from "../app/address.js";
import { h } from "../app/dom.js";
import { available, part } from "../app/notices.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { barList } from "../charts/bars.js";
import { chartFrame } from "../charts/frame.js";
import { waterfall } from "../charts/waterfall.js";

const STRESS = "fct_portfolio_stress";
const FACTORS = "fct_stress_factor_impacts";
const POSITIONS = "fct_position_stress";
const RANKED = 8;

export const stress = {
    name: "stress",
    title: "Stress",
    requests: ({ portfolio, params }) => {
        const of = (name) => `/analytics/portfolio/${portfolio}/${name}`;
        const one = params.scenario ? `?${new URLSearchParams({ scenario: params.scenario })}` : "";
        return { scenarios: of("stress-test"), one: of(`stress-detail${one}`) };
    },
    draw: ({ scenarios, one }, address) => [
        part(scenarios, (answer) => available(answer, () => ranks(answer, address))),
        part(one, (answer) => (answer.body.available ? detail(answer) : null)),
        part(scenarios, (answer) => (answer.body.available ? all(answer, address) : null)),
    ],
};

function ranks(answer, address) {
    const rows = rowsOf(answer, "/data/scenarios");
    const bar = (row) => ({
        name: answer.body.data.scenarios[row].name,
        link: scenarioLink(answer, address)(row),
        pointer: `/data/scenarios/${row}/direct_impact/dollar_impact`,
        kind: "usd",
        signed: true,
        mart: `${STRESS}.direct_pnl`,
        note: answer.body.data.scenarios[row].is_believable === false ? "doubtful" : null,
    });
    const list = (title, chosen) =>
        h("section", { class: "card" }, h("h2", {}, title), barList(answer, chosen.map(bar), { label: title }));
    return h(
        "div",
        { class: "columns" },
        list("Worst", rows.slice(0, RANKED)),
        list("Best", rows.slice(-RANKED).reverse()),
    );
}

function scenarioLink(answer, address) {
    return (row) => addressOf(address, { scenario: answer.body.data.scenarios[row].id });
}

function all(answer, address) {
    const field = (name) => under("/data/scenarios", name);
    const columns = [
        { title: "Scenario", at: field("name"), kind: "name", link: scenarioLink(answer, address) },
        { title: "Category", at: field("category"), kind: "text" },
        { title: "Severity", at: field("severity"), kind: "text" },
        {
            title: "Direct",
            at: field("direct_impact/dollar_impact"),
            kind: "usd",
            signed: true,
            mart: `${STRESS}.direct_pnl`,
        },
        {
            title: "Of equity",
            at: field("direct_impact/percentage_impact"),
            kind: "percent",
            signed: true,
            mart: `${STRESS}.direct_pct_equity`,
        },
        {
            title: "Correlated",
            at: field("correlated_impact/dollar_impact"),
            kind: "usd",
            signed: true,
            mart: `${STRESS}.correlated_pnl`,
        },
        {
            title: "Of equity",
            at: field("correlated_impact/percentage_impact"),
            kind: "percent",
            signed: true,
            mart: `${STRESS}.correlated_pct_equity`,
        },
        { title: "Equity after", at: field("direct_impact/new_portfolio_value"), kind: "usd", mart: STRESS },
        { title: "Coverage", at: field("coverage"), kind: "share", mart: `${STRESS}.coverage` },
        { title: "Doubts", at: field("doubts"), kind: "text" },
        { title: "Shocks", at: field("description"), kind: "sentence" },
    ];
    return h(
        "section",
        { class: "card" },
        h("h2", {}, "All scenarios"),
        dataTable({ name: "scenarios", answer, columns, rows: rowsOf(answer, "/data/scenarios"), search: true }),
    );
}

function detail(answer) {
    return h("div", { class: "columns" }, byFactor(answer), byPosition(answer));
}

function byFactor(answer) {
    const { factors, name } = answer.body.data;
    const step = (title, pointer, mart) => ({ name: title, answer, pointer, mart });
    const steps = [
        ...factors
            .map(({ factor }, row) => step(factor, `/data/factors/${row}/direct_pnl`))
            .filter((_, row) => factors[row].direct_pnl),
        step("Convexity", "/data/direct_convexity"),
    ];
    const total = step("In all", "/data/direct_pnl");
    return chartFrame({
        title: `${name}, by factor`,
        draw: (width) => waterfall({ width, steps, total, kind: "usd", label: `P&L of ${name} by factor, USD` }),
        table: () =>
            dataTable({
                name: "stress by factor",
                answer,
                columns: factorColumns(),
                rows: rowsOf(answer, "/data/factors"),
            }),
    });
}

function factorColumns() {
    const field = (name) => under("/data/factors", name);
    return [
        { title: "Factor", at: field("factor"), kind: "name" },
        { title: "Shock", at: field("shock"), kind: "share", mart: `${FACTORS}.shock`, reasonText: "not shocked" },
        { title: "Exposure", at: field("exposure_dollar"), kind: "usd", mart: `${FACTORS}.dollar_exposure` },
        { title: "Direct", at: field("direct_pnl"), kind: "usd", signed: true, mart: `${FACTORS}.direct_pnl` },
        {
            title: "Correlated shock",
            at: field("correlated_shock"),
            kind: "share",
            mart: `${FACTORS}.correlated_shock`,
        },
        {
            title: "Correlated",
            at: field("correlated_pnl"),
            kind: "usd",
            signed: true,
            mart: `${FACTORS}.correlated_pnl`,
        },
    ];
}

function byPosition(answer) {
    const { positions, id, name } = answer.body.data;
    const rows = (positions ?? []).map(({ symbol, position_id: position }, row) => ({
        name: symbol,
        pointer: `/data/positions/${row}/direct_pnl`,
        kind: "usd",
        signed: true,
        mart: `${POSITIONS}.direct_pnl`,
        key: `${position} ${id}`,
    }));
    const list = positions
        ? barList(answer, rows, { label: "P&L by position" })
        : h("p", { class: "soft" }, "Positions under stress are kept for the newest session only.");
    return h("section", { class: "card" }, h("h2", {}, `${name}, by position`), list);
}
