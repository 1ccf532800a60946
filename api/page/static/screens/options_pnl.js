// What the options earned over the period: Greeks times moves, trades and the residual, in all and by position.

import { h } from "../app/dom.js";
import { chartFrame } from "../charts/frame.js";
import { waterfall } from "../charts/waterfall.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { facts } from "../figures/tiles.js";

const EXPLAINED = "fct_option_pnl_explain";
const TERMS = [
    ["Delta", "delta_pnl"],
    ["Gamma", "gamma_pnl"],
    ["Theta", "theta_pnl"],
    ["Vega", "vega_pnl"],
    ["Rho", "rho_pnl"],
    ["Residual", "residual"],
];
const REASON = "/totals/null_reason";

export function explainedPnl(answer) {
    const { from, to } = answer.body.metadata;
    if (!answer.body.totals) {
        return h("section", { class: "card" }, h("h2", {}, "P&L by Greeks"), h("p", {}, "No options in this range."));
    }
    return [inAll(answer, `${from} to ${to}`), byPosition(answer)];
}

function inAll(answer, span) {
    const { totals } = answer.body;
    const step = (name, field) => ({ name, answer, pointer: `/totals/${field}` });
    const traded = totals.trade_pnl ? [step("Trades", "trade_pnl")] : [];
    const unknown = totals.unexplained_pnl ? [step("Not explained", "unexplained_pnl")] : [];
    const steps = [...traded, ...TERMS.map(([name, field]) => step(name, field)), ...unknown];
    const total = step("In all", "pnl");
    return chartFrame({
        title: "P&L of the options by Greeks",
        note: totals.null_reason ? `${span}; some sessions are not explained` : span,
        draw: (width) => waterfall({ width, steps, total, kind: "usd", label: `P&L of options by Greeks, ${span}` }),
        table: () => facts(answer, lines()),
    });
}

function lines() {
    const line = (label, name) => [
        label,
        `/totals/${name}`,
        "usd",
        { mart: `${EXPLAINED}.${name}`, signed: true, session: null, reason: REASON },
    ];
    return [
        ["P&L", "/totals/pnl", "usd", { mart: `${EXPLAINED}.daily_pnl`, signed: true, session: null }],
        line("Trades", "trade_pnl"),
        ...TERMS.map(([label, name]) => line(label, name)),
        ["Not explained", "/totals/unexplained_pnl", "usd", { mart: EXPLAINED, signed: true, session: null }],
        ["Explained", "/totals/coverage", "share", { mart: EXPLAINED }],
    ];
}

function byPosition(answer) {
    const field = (name) => under("/positions", name);
    const term = (title, name, mart = `${EXPLAINED}.${name}`) => ({
        title,
        at: field(name),
        kind: "usd",
        signed: true,
        mart,
        session: () => null, // of the range
        reason: field("null_reason"),
    });
    const columns = [
        { title: "Contract", at: field("symbol"), kind: "name" },
        { title: "Type", at: field("position_type"), kind: "name" },
        { title: "Sessions", at: field("sessions"), kind: "count", mart: EXPLAINED },
        term("P&L", "pnl", `${EXPLAINED}.daily_pnl`),
        term("Trades", "trade_pnl"),
        ...TERMS.map(([title, name]) => term(title, name)),
        term("Not explained", "unexplained_pnl", EXPLAINED),
    ];
    return h(
        "section",
        { class: "card" },
        h("h2", {}, "P&L by Greeks, each option"),
        h(
            "p",
            { class: "soft" },
            "Greeks of each close before times the moves of the session; the residual is the rest, so that all add up.",
        ),
        dataTable({ name: "option P&L", answer, columns, rows: rowsOf(answer, "/positions") }),
    );
}
