// Risk: volatility and its forecast, value at risk with its backtest, what the variance comes from, liquidity, and correlation.

import { h } from "../app/dom.js";
import { available, part } from "../app/notices.js";
import { backtest, backtestByDay } from "./risk_backtest.js";
import { correlationMap, diversification } from "./risk_correlation.js";
import { byPosition, factorTable, variance } from "./risk_factors.js";
import { liquidity } from "./risk_liquidity.js";
import { tailParts, tailRisk, volatility } from "./risk_tail.js";

export const risk = {
    name: "risk",
    title: "Risk",
    requests: ({ portfolio }) => {
        const of = (name) => `/analytics/portfolio/${portfolio}/${name}`;
        return {
            volatility: of("volatility"),
            tail: of("value-at-risk?include_daily=true"),
            factors: of("factor-exposures"),
            variance: of("risk-decomposition"),
            contributions: of("risk-contributions"),
            bySymbol: of("risk-contributions?measure=var&by=symbol"),
            byFactor: of("risk-contributions?measure=var&by=factor"),
            liquidity: of("liquidity"),
            correlation: of("correlation-matrix?max_symbols=50"),
            diversification: of("diversification-score"),
        };
    },
    draw: (answers) => [
        part(answers.volatility, (answer) => available(answer, volatility)),
        h(
            "div",
            { class: "columns" },
            part(answers.tail, (answer) => card("Value at risk and expected shortfall", shown(answer, tailRisk))),
            part(answers.variance, (answer) => card("Where the variance comes from", shown(answer, variance))),
        ),
        h(
            "div",
            { class: "columns" },
            part(answers.bySymbol, (answer) => card("Value at risk by symbol", shown(answer, tailParts))),
            part(answers.byFactor, (answer) => card("Value at risk by factor", shown(answer, tailParts))),
        ),
        part(answers.tail, (answer) => card("Backtest", shown(answer, backtest))),
        part(answers.tail, backtestByDay),
        part(answers.factors, (answer) => card("Factor exposures", shown(answer, factorTable))),
        part(answers.liquidity, (answer) => card("Liquidity", shown(answer, liquidity))),
        h(
            "div",
            { class: "split" },
            part(answers.correlation, correlation),
            h(
                "div",
                { class: "stack" },
                part(answers.diversification, (answer) => card("Diversification", shown(answer, diversification))),
                part(answers.contributions, (answer) => card("Volatility by position", shown(answer, byPosition))),
            ),
        ),
    ],
};

function card(title, ...content) {
    return h("section", { class: "card" }, h("h2", {}, title), content);
}

// The coverage is said once, above: here only what there is.
function shown(answer, draw) {
    return answer.body.available ? draw(answer) : h("p", { class: "soft" }, answer.body.data_quality.message);
}

function correlation(answer) {
    return answer.body.available
        ? correlationMap(answer)
        : card(
              "Correlation",
              shown(answer, () => null),
          );
}
