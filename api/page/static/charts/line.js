// Lines over dates, and an area beneath them (a drawdown, say). The pointer, or the arrow keys, read the values off.

import { h, replace, svg } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { at } from "../figures/pointer.js";
import { dateAxis, valueAxis } from "./axes.js";
import { extent, linear } from "./scale.js";

const LEFT = 58;
const RIGHT = 12;
const HEIGHT = 240;
const BELOW = 90;

// dates: texts. series: { name, tone, answer, at: (row) => pointer }, in the same rows. below: one more, as an area.
export function lineChart({ width, dates, series, below, kind, label, signed = false }) {
    const all = series.map((one) => values(one, dates.length));
    const under = below && values(below, dates.length);
    const x = linear([0, Math.max(1, dates.length - 1)], [LEFT, width - RIGHT]);
    const range = extent(all.flat());
    const y = linear(range, [HEIGHT - 8, 8]);
    const total = HEIGHT + (below ? BELOW : 0) + 24;
    const cursor = svg("line", { class: "cursor", y1: 8, y2: total - 24, visibility: "hidden" });
    const dots = series.map(({ tone }) => svg("circle", { class: `dot tone-${tone}`, r: 3.5, visibility: "hidden" }));
    const picture = svg(
        "svg",
        { width, height: total, viewBox: `0 0 ${width} ${total}`, role: "img", "aria-label": label, class: "lines" },
        valueAxis(range, y, { left: LEFT, right: width - RIGHT, kind }),
        all.map((line, number) => svg("path", { class: `line tone-${series[number].tone}`, d: path(line, x, y) })),
        below && area(under, x, width, below),
        dateAxis(dates, x, { bottom: total - 24, width }),
        cursor,
        dots,
    );
    const readout = h("p", { class: "readout" });
    let place = dates.length - 1;

    function read(next) {
        place = Math.min(dates.length - 1, Math.max(0, next));
        cursor.setAttribute("x1", x(place));
        cursor.setAttribute("x2", x(place));
        cursor.setAttribute("visibility", "visible");
        dots.forEach((dot, number) => mark(dot, all[number][place], x(place), y));
        replace(
            readout,
            h("time", {}, dates[place]),
            [...series, below].filter(Boolean).map((one) => reading(one, place, kind, signed)),
        );
    }

    const box = h(
        "div",
        { class: "plot", tabindex: "0", role: "group", "aria-label": `${label}. Left and right read it off.` },
        picture,
    );
    box.addEventListener("pointermove", (event) => {
        const left = event.clientX - box.getBoundingClientRect().left;
        read(Math.round(((left - LEFT) / (width - LEFT - RIGHT)) * (dates.length - 1)));
    });
    box.addEventListener("keydown", (event) => {
        const moves = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: dates.length - 1 };
        if (!(event.key in moves)) return;
        event.preventDefault();
        read(moves[event.key]);
    });
    read(place);
    return [readout, box];
}

function values(one, count) {
    return Array.from({ length: count }, (_, row) => at(one.answer.body, one.at(row)) ?? null);
}

// A line, with a gap where a value is not known.
function path(line, x, y) {
    let isOpen = false;
    return line.reduce((text, value, row) => {
        if (value === null) {
            isOpen = false;
            return text;
        }
        const step = `${isOpen ? "L" : "M"}${x(row).toFixed(1)} ${y(value).toFixed(1)}`;
        isOpen = true;
        return text + step;
    }, "");
}

function area(line, x, width, { name, tone }) {
    const range = extent(line, { zero: true });
    const y = linear(range, [HEIGHT + BELOW - 6, HEIGHT + 18]);
    const known = line.map((value) => value ?? 0);
    const outline = path(known, x, y);
    return [
        valueAxis(range, y, { left: LEFT, right: width - RIGHT, kind: "share", count: 2 }),
        svg("path", {
            class: `area tone-${tone}`,
            d: `${outline}L${x(line.length - 1).toFixed(1)} ${y(0)}L${x(0)} ${y(0)}Z`,
        }),
        svg("text", { class: "tick start", x: LEFT, y: HEIGHT + 12 }, name),
    ];
}

function mark(dot, value, left, y) {
    dot.setAttribute("visibility", value === null ? "hidden" : "visible");
    if (value === null) return;
    dot.setAttribute("cx", left);
    dot.setAttribute("cy", y(value));
}

function reading(one, row, kind, signed) {
    const pointer = one.at(row);
    const value = at(one.answer.body, pointer);
    const isKnown = value !== null && value !== undefined;
    const field = isKnown ? { "data-value": String(value), "data-source": `${one.answer.path}#${pointer}` } : {};
    return h(
        "span",
        { class: `tone-${one.tone}` },
        one.name,
        " ",
        h("b", field, isKnown ? formats[one.kind ?? kind](value, signed) : "none"),
    );
}
