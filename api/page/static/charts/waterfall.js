// A waterfall: contributions one after the other, from zero to the total that the API gives.

import { svg } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { at } from "../figures/pointer.js";
import { extent, linear } from "./scale.js";
import { valueAxis } from "./axes.js";

const LEFT = 64;
const HEIGHT = 260;
const FOOT = 96;

// steps: { name, answer, pointer }. total: the same, drawn from zero. Where each bar begins is geometry, not a figure.
export function waterfall({ width, steps, total, kind, label }) {
    let reached = 0;
    const bars = steps.map((step) => {
        const value = valueOf(step);
        const from = reached;
        reached += value;
        return { ...step, value, from, to: reached };
    });
    bars.push({ ...total, value: valueOf(total), from: 0, to: valueOf(total), isTotal: true });
    const range = extent(
        bars.flatMap(({ from, to }) => [from, to]),
        { zero: true },
    );
    const y = linear(range, [HEIGHT, 16]);
    const step = (width - LEFT - 16) / bars.length;
    return svg(
        "svg",
        { width, height: HEIGHT + FOOT, viewBox: `0 0 ${width} ${HEIGHT + FOOT}`, role: "img", "aria-label": label },
        valueAxis(range, y, { left: LEFT, right: width - 8, kind }),
        bars.map((bar, number) => column(bar, LEFT + number * step, step, y, kind)),
    );
}

function valueOf({ answer, pointer }) {
    return at(answer.body, pointer) ?? 0;
}

function column({ name, answer, pointer, value, from, to, isTotal }, left, step, y, kind) {
    const top = Math.min(y(from), y(to));
    const exact = { "data-value": String(value), "data-source": `${answer.path}#${pointer}` };
    const look = isTotal ? "total" : value < 0 ? "loss" : "gain";
    return [
        svg("rect", {
            class: `bar-fill ${look}`,
            x: left + step * 0.12,
            y: top,
            width: step * 0.76,
            height: Math.max(1, Math.abs(y(to) - y(from))),
        }),
        step > 44 &&
            svg("text", { class: "tick middle", x: left + step / 2, y: top - 5, ...exact }, formats[kind](value)),
        svg(
            "text",
            { class: "tick end", transform: `translate(${left + step / 2 + 4} ${HEIGHT + 14}) rotate(-45)` },
            name,
        ),
    ];
}
