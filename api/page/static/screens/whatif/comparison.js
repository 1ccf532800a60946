// The figures of a what-if: before the trades, after them, and the change, each kind with what is measured of it.

import { h } from "../../app/dom.js";
import { available } from "../../app/notices.js";
import { dataTable, rowsOf, under } from "../../figures/table.js";
import { facts } from "../../figures/tiles.js";

const SIDES = { before: "Before", after: "After", change: "Change" };

// title, field of the answer, mart, and [label, figure, kind, mart if another one] of each line
const SECTIONS = [
    [
        "Exposures",
        "exposures",
        "fct_portfolio_exposures",
        [
            ["Equity", "equity", "usd", "fct_portfolio_snapshots"],
            ["Cash", "cash", "usd", "fct_portfolio_snapshots"],
            ["Long", "long_exposure", "usd"],
            ["Short", "short_exposure", "usd"],
            ["Gross", "gross_exposure", "usd"],
            ["Net", "net_exposure", "usd"],
            ["Gross, delta-adjusted", "gross_exposure_delta_adjusted", "usd"],
            ["Net, delta-adjusted", "net_exposure_delta_adjusted", "usd"],
            ["Leverage", "leverage", "ratio"],
            ["Positions", "position_count", "count", "fct_portfolio_snapshots"],
        ],
    ],
    [
        "Value at risk, one day",
        "var",
        "fct_portfolio_risk",
        [
            ["VaR 95 %", "var_95_1d", "usd"],
            ["VaR 99 %", "var_99_1d", "usd"],
            ["ES 95 %", "es_95_1d", "usd"],
            ["ES 99 %", "es_99_1d", "usd"],
            ["VaR 95 %, filtered", "var_95_1d_filtered", "usd"],
            ["VaR 99 %, filtered", "var_99_1d_filtered", "usd"],
            ["ES 95 %, filtered", "es_95_1d_filtered", "usd"],
            ["ES 99 %, filtered", "es_99_1d_filtered", "usd"],
        ],
    ],
    [
        "Volatility by the risk model",
        "variance",
        "fct_portfolio_risk",
        [
            ["Total", "total_volatility", "share"],
            ["Systematic", "systematic_volatility", "share"],
            ["Idiosyncratic", "idiosyncratic_volatility", "share"],
            ["Systematic share of the variance", "systematic_share", "share"],
        ],
    ],
    [
        "Concentration",
        "concentration",
        "fct_portfolio_exposures",
        [
            ["HHI", "hhi", "ratio"],
            ["Effective names", "effective_names", "ratio"],
            ["Largest symbol", "top_1_share", "share"],
            ["Three largest", "top_3_share", "share"],
            ["Five largest", "top_5_share", "share"],
            ["Ten largest", "top_10_share", "share"],
        ],
    ],
    [
        "Greeks",
        "greeks",
        "fct_portfolio_greeks",
        [
            ["Delta, USD", "delta_dollars", "usd"],
            ["Gamma, USD of delta for 1 %", "gamma_dollars_1pct", "usd"],
            ["Theta, USD a day", "theta", "usd"],
            ["Vega, USD a volatility point", "vega", "usd"],
            ["Rho, USD a rate point", "rho", "usd"],
            ["Options", "option_count", "count"],
        ],
    ],
    [
        "Liquidity",
        "liquidity",
        "fct_portfolio_liquidity",
        [
            ["Sold in a session", "share_1d", "share"],
            ["In seven sessions", "share_7d", "share"],
            ["In thirty sessions", "share_30d", "share"],
            ["Sessions for 95 %", "days_to_liquidate_95", "days"],
            ["Sessions for all that is measured", "days_to_liquidate_100", "days"],
            ["Cost", "cost", "usd"],
            ["VaR 95 % while it is sold", "liquidity_adjusted_var", "usd"],
        ],
    ],
];

export function comparison(answer) {
    return available(answer, () => [
        card("Trades", trades(answer)),
        h(
            "div",
            { class: "columns" },
            SECTIONS.map((section) => card(section[0], figures(answer, section))),
        ),
        card("Stress", stress(answer)),
        card("Betas", betas(answer)),
    ]);
}

function card(title, ...content) {
    return h("section", { class: "card" }, h("h2", {}, title), content);
}

function trades(answer) {
    const column = (title, name, kind, options) => ({ title, at: under("/trades", name), kind, ...options });
    const columns = [
        column("Symbol", "symbol", "name"),
        column("Before", "quantity_before", "quantity"),
        column("Change", "quantity", "quantity", { signed: true, isNeutral: true }),
        column("After", "quantity_after", "quantity"),
        column("Price", "price", "price"),
        column("Costs", "market_value", "usd"),
    ];
    return dataTable({ name: "trades", answer, columns, rows: rowsOf(answer, "/trades") });
}

// A table of one section: a line for each figure, a column for each side.
function figures(answer, [title, section, mart, lines]) {
    const label = (row) => lines[row][0];
    const columns = [
        { title: "Figure", draw: label },
        ...sides((side) => ({
            at: (row) => `/${side}/${section}/${lines[row][1]}`,
            reason: (row) => `/${side}/${section}/null_reasons/${lines[row][1]}`,
            kind: "ratio",
            kindOf: (row) => lines[row][2],
            labelOf: label,
            martOf: (row) => `${lines[row][3] ?? mart}.${lines[row][1]}`,
        })),
    ];
    const measured = (side) => [
        `Measured ${side}`,
        `/${side}/${section}/coverage`,
        "share",
        { reasonText: "nothing to measure" },
    ];
    const isWhole = section === "exposures" || section === "concentration";
    return [
        dataTable({ name: title, answer, columns, rows: lines.map((_, row) => row) }),
        !isWhole && facts(answer, [measured("before"), measured("after")]),
    ];
}

function stress(answer) {
    const loss = (row) => answer.body.after.stress[row].direct_pnl ?? Infinity;
    const rows = rowsOf(answer, "/after/stress").sort((one, other) => loss(one) - loss(other));
    const figure = (side, name) => ({
        at: under(`/${side}/stress`, name),
        reason: under(`/${side}/stress`, `null_reasons/${name}`),
        kind: "usd",
        mart: `fct_portfolio_stress.${name}`,
        signed: true,
        session: () => null,
    });
    const columns = [
        { title: "Scenario", at: under("/after/stress", "scenario_name"), kind: "name" },
        ...sides((side) => figure(side, "direct_pnl")),
        { title: "After, correlated", ...figure("after", "correlated_pnl") },
        ...measuredOf("stress"),
    ];
    return dataTable({ name: "stress", answer, columns, rows, search: true });
}

function betas(answer) {
    const columns = [
        { title: "Factor", at: under("/after/betas", "factor"), kind: "name" },
        { title: "Model", at: under("/after/betas", "model"), kind: "name" },
        ...sides((side) => ({
            at: under(`/${side}/betas`, "beta"),
            reason: under(`/${side}/betas`, "null_reasons/beta"),
            kind: "beta",
            mart: "fct_portfolio_factor_exposures.beta",
        })),
        ...measuredOf("betas"),
    ];
    return dataTable({ name: "betas", answer, columns, rows: rowsOf(answer, "/after/betas") });
}

// How much each side measures: a change can be that of what is measured.
function measuredOf(section) {
    return ["before", "after"].map((side) => ({
        title: `Measured ${side}`,
        at: under(`/${side}/${section}`, "coverage"),
        kind: "share",
        reasonText: "nothing to measure",
    }));
}

// A column for each side. What is computed for trades was never published: it is not marked as restated.
function sides(column) {
    return Object.entries(SIDES).map(([side, title]) => {
        const made = column(side);
        const isChange = side === "change";
        return { title, isNeutral: isChange && !made.signed, ...made, signed: isChange || made.signed, session: () => null };
    });
}
