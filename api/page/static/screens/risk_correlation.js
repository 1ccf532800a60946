// How the symbols move together: every pair, and what that leaves of diversification.

import { h } from "../app/dom.js";
import { dataTable, under } from "../figures/table.js";
import { facts } from "../figures/tiles.js";
import { barList } from "../charts/bars.js";
import { chartFrame } from "../charts/frame.js";
import { heatMap } from "../charts/heat_map.js";

const CORRELATION = "fct_portfolio_correlation";

export function correlationMap(answer) {
    const names = Object.keys(answer.body.data.matrix);
    const pairs = names.flatMap((one, row) => names.slice(row + 1).map((other) => [one, other]));
    const columns = [
        { title: "Symbol", draw: (row) => pairs[row][0] },
        { title: "And", draw: (row) => pairs[row][1] },
        {
            title: "Correlation",
            at: (row) => `/data/matrix/${pairs[row][0]}/${pairs[row][1]}`,
            kind: "correlation",
            mart: "fct_correlation_pairs",
        },
    ];
    return chartFrame({
        title: "Correlation of daily returns",
        draw: (width) =>
            heatMap({
                width,
                answer,
                names,
                pointer: "/data/matrix",
                label: "Correlation of the symbols, largest first",
            }),
        table: () => dataTable({ name: "correlation", answer, columns, rows: pairs.map((_, row) => row) }),
    });
}

export function diversification(answer) {
    const clusters = answer.body.clusters.map(({ symbols }, row) => ({
        name: symbols.join(", "),
        pointer: under("/clusters", "gross_share")(row),
        kind: "share",
        mart: "fct_correlation_clusters",
    }));
    return [
        facts(answer, [
            ["Score: 0 unrelated, 1 all the same", "/portfolio_correlation", "correlation", { mart: CORRELATION }],
            ["Mean correlation", "/mean_correlation", "correlation", { mart: CORRELATION }],
            ["Effective bets", "/effective_bets", "ratio", { mart: CORRELATION }],
            ["Symbols", "/symbols_included", "count", { mart: CORRELATION }],
            ["Sessions", "/duration_days", "count", { mart: CORRELATION }],
        ]),
        h("h3", {}, "Clusters, of gross exposure"),
        clusters.length
            ? barList(answer, clusters, { tone: 3, label: "Clusters" })
            : h("p", { class: "soft" }, "No symbols move together by 0.7 or more."),
    ];
}
