// P&L by day as bars, and beneath them limits of loss as lines; days beyond a limit are marked. The pointer, or the arrow
// keys, read the values off.

import { h, svg } from "../app/dom.js";
import { dateAxis, valueAxis } from "./axes.js";
import { reading, readOff, values } from "./reading.js";
import { extent, linear } from "./scale.js";

const LEFT = 58;
const RIGHT = 12;
const HEIGHT = 220;
const FOOT = 24;

// dates: texts. bars: a series { name, answer, at: (row) => pointer }. limits: series of losses, as positive numbers; each
// has isBeyond: (row) => whether the day's loss exceeded it.
export function stripChart({ width, dates, bars, limits, kind, label }) {
    const heights = values(bars, dates.length);
    const losses = limits.map((limit) => values(limit, dates.length).map((loss) => (loss === null ? null : -loss)));
    const x = linear([-0.5, dates.length - 0.5], [LEFT, width - RIGHT]);
    const range = extent([...heights, ...losses.flat()], { zero: true });
    const y = linear(range, [HEIGHT - 8, 8]);
    const cursor = svg("line", { class: "cursor", y1: 8, y2: HEIGHT, visibility: "hidden" });
    const picture = svg(
        "svg",
        {
            width,
            height: HEIGHT + FOOT,
            viewBox: `0 0 ${width} ${HEIGHT + FOOT}`,
            role: "img",
            "aria-label": label,
            class: "lines",
        },
        valueAxis(range, y, { left: LEFT, right: width - RIGHT, kind }),
        heights.map((value, row) => value !== null && bar(value, row, x, y)),
        losses.map((line, number) => svg("path", { class: `line tone-${limits[number].tone}`, d: steps(line, x, y) })),
        limits.map(({ isBeyond }) => dates.map((_, row) => isBeyond(row) && beyond(x(row), y(heights[row])))),
        dateAxis(dates, x, { bottom: HEIGHT, width }),
        cursor,
    );
    return readOff({
        picture,
        label,
        last: dates.length - 1,
        start: dates.length - 1,
        placeAt: (left) => Math.round(linear([LEFT, width - RIGHT], [-0.5, dates.length - 0.5])(left)),
        mark: (place) => {
            cursor.setAttribute("x1", x(place));
            cursor.setAttribute("x2", x(place));
            cursor.setAttribute("visibility", "visible");
        },
        lines: (place) => [
            h("time", {}, dates[place]),
            reading(bars, place, kind, true),
            limits.map((limit) => [reading(limit, place, kind), limit.isBeyond(place) && h("b", {}, "exceeded")]),
        ],
    });
}

function bar(value, row, x, y) {
    return svg("rect", {
        class: `bar-fill ${value < 0 ? "loss" : "gain"}`,
        x: x(row - 0.35),
        y: Math.min(y(0), y(value)),
        width: Math.max(0.5, x(row + 0.35) - x(row - 0.35)),
        height: Math.max(0.5, Math.abs(y(value) - y(0))),
    });
}

// A limit holds for its whole day; a gap where it is not known.
function steps(line, x, y) {
    return line
        .map((value, row) => {
            if (value === null) return "";
            const isOpen = row > 0 && line[row - 1] !== null;
            return `${isOpen ? "L" : "M"}${x(row - 0.5).toFixed(1)} ${y(value).toFixed(1)}H${x(row + 0.5).toFixed(1)}`;
        })
        .join("");
}

// A triangle below the bar: seen without colours too.
function beyond(left, top) {
    return svg("path", { class: "beyond", d: `M${left} ${top + 3}l4 7h-8z` });
}
