// Horizontal bars from a zero line, each with its name and its figure: ranked contributions, exposures, scenarios.

import { h, svg } from "../app/dom.js";
import { figure } from "../figures/figure.js";
import { at } from "../figures/pointer.js";
import { extent, linear } from "./scale.js";

const HEIGHT = 12;
const WIDTH = 100;

// rows: { name, link?, pointer, kind, note?, ...options of a figure }. tone: of the bars; without it, gain and loss.
export function barList(answer, rows, { tone, label } = {}) {
    const values = rows.map(({ pointer }) => at(answer.body, pointer) ?? null);
    const range = extent(values, { margin: 0, zero: true });
    const x = linear(range, [0, WIDTH]);
    const lines = rows.map((row, number) =>
        h(
            "li",
            {},
            h(
                "span",
                { class: "name" },
                row.link ? h("a", { href: row.link }, row.name) : row.name,
                row.note && h("small", {}, row.note),
            ),
            bar(values[number], x, tone),
            figure(answer, row.pointer, row.kind, { label: row.name, ...row }),
        ),
    );
    return h("ul", { class: "bars", "aria-label": label }, lines);
}

function bar(value, x, tone) {
    const left = Math.min(x(0), x(value ?? 0));
    const width = Math.abs(x(value ?? 0) - x(0));
    const look = tone ? `tone-${tone}` : value < 0 ? "loss" : "gain";
    return svg(
        "svg",
        { class: "bar-box", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        svg("rect", { class: `bar-fill ${look}`, x: left, y: 1, width, height: HEIGHT - 2 }),
        svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" }),
    );
}
