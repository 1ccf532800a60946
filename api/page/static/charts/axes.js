// Axes of a chart: round values at the left, dates or round numbers below.

import { svg } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { ticks } from "./scale.js";

export function valueAxis([low, high], y, { left, right, kind, count = 5 }) {
    return ticks(low, high, count).map((tick) => [
        svg("line", { class: tick === 0 ? "zero" : "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }),
        svg("text", { class: "tick end", x: left - 8, y: y(tick), dy: "0.32em" }, axisText(tick, kind)),
    ]);
}

export function dateAxis(dates, x, { bottom, width }) {
    const count = Math.min(dates.length, Math.max(2, Math.floor(width / 110)));
    const places = Array.from({ length: count }, (_, number) =>
        Math.round((number * (dates.length - 1)) / Math.max(1, count - 1)),
    );
    return [...new Set(places)].map((place, number) => {
        const anchor = number === 0 ? "start" : place === dates.length - 1 ? "end" : "middle";
        return svg("text", { class: `tick ${anchor}`, x: x(place), y: bottom + 18 }, dates[place]);
    });
}

export function numberAxis([low, high], x, { bottom, width }) {
    return ticks(low, high, Math.max(2, Math.floor(width / 90))).map((tick) =>
        svg("text", { class: "tick middle", x: x(tick), y: bottom + 18 }, short.format(tick)),
    );
}

const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });
const shares = new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 });

// A round value of an axis: no figure of an answer, so short.
function axisText(tick, kind) {
    const text = kind === "share" ? shares.format(tick) : kind === "usd" ? short.format(tick) : formats[kind](tick);
    return text.replace("-", "\u2212");
}
