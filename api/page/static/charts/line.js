// Lines over dates or prices, and an area beneath them (a drawdown, say). The pointer, or the arrow keys, read the values
// off.

import { h, svg } from "../app/dom.js";
import { dateAxis, numberAxis, valueAxis } from "./axes.js";
import { knownRuns, linePath } from "./path.js";
import { reading, readOff, values } from "./reading.js";
import { extent, linear, nearest } from "./scale.js";

const LEFT = 58;
const RIGHT = 12;
const HEIGHT = 240;
const BELOW = 90;

// dates: texts, side by side. prices: instead of them a series { name, answer, at, count } of rising prices, each at its
// place; spot: one of them, marked.
// series: { name, tone, answer, at: (row) => pointer }, in the same rows. below: one more, as an area.
export function lineChart({ width, dates, prices, spot, series, below, kind, label, signed = false }) {
    const steps = prices ? values(prices, prices.count) : dates.map((_, row) => row);
    const last = steps.length - 1;
    const all = series.map((one) => values(one, steps.length));
    const under = below && values(below, steps.length);
    const scale = linear([steps[0], Math.max(steps[0] + 1e-6, steps[last])], [LEFT, width - RIGHT]);
    const x = (row) => scale(steps[row]);
    const range = extent(all.flat());
    const y = linear(range, [HEIGHT - 8, 8]);
    const total = HEIGHT + (below ? BELOW : 0) + 24;
    const cursor = svg("line", { class: "cursor", y1: 8, y2: total - 24, visibility: "hidden" });
    const dots = series.map(({ tone }) => svg("circle", { class: `dot tone-${tone}`, r: 3.5, visibility: "hidden" }));
    const picture = svg(
        "svg",
        { width, height: total, viewBox: `0 0 ${width} ${total}`, role: "img", "aria-label": label, class: "lines" },
        valueAxis(range, y, { left: LEFT, right: width - RIGHT, kind }),
        all.map((line, number) => svg("path", { class: `line tone-${series[number].tone}`, d: linePath(line, x, y) })),
        below && area(under, x, width, below),
        spot && svg("line", { class: "spot", x1: scale(spot), x2: scale(spot), y1: 8, y2: total - 24 }),
        prices
            ? numberAxis([steps[0], steps[last]], scale, { bottom: total - 24, width })
            : dateAxis(dates, x, { bottom: total - 24, width }),
        cursor,
        dots,
    );
    const mark = (place) => {
        cursor.setAttribute("x1", x(place));
        cursor.setAttribute("x2", x(place));
        cursor.setAttribute("visibility", "visible");
        dots.forEach((dot, number) => markDot(dot, all[number][place], x(place), y));
    };
    const along = linear([LEFT, width - RIGHT], [steps[0], steps[last]]);
    return readOff({
        picture,
        label,
        last,
        start: spot ? nearest(steps, spot) : last,
        placeAt: (left) => nearest(steps, along(left)),
        mark,
        lines: (place) => [
            prices ? reading(prices, place) : h("time", {}, dates[place]),
            [...series, below].filter(Boolean).map((one) => reading(one, place, kind, signed)),
        ],
    });
}

function area(line, x, width, { name, tone }) {
    const range = extent(line, { zero: true });
    const y = linear(range, [HEIGHT + BELOW - 6, HEIGHT + 18]);
    const floor = (row) => `${x(row).toFixed(1)} ${y(0)}`;
    const shapes = knownRuns(line).map(([first, last]) => {
        const outline = linePath(line.slice(first, last + 1), (row) => x(first + row), y);
        return `${outline}L${floor(last)}L${floor(first)}Z`;
    });
    return [
        valueAxis(range, y, { left: LEFT, right: width - RIGHT, kind: "share", count: 2 }),
        svg("path", { class: `area tone-${tone}`, d: shapes.join("") }),
        svg("text", { class: "tick start", x: LEFT, y: HEIGHT + 12 }, name),
    ];
}

function markDot(dot, value, left, y) {
    dot.setAttribute("visibility", value === null ? "hidden" : "visible");
    if (value === null) return;
    dot.setAttribute("cx", left);
    dot.setAttribute("cy", y(value));
}
