// Reading a chart off: the pointer, or the arrow keys, choose a place, and its figures are written above.

import { h, replace } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { at } from "../figures/pointer.js";

// last: the number of the last place. placeAt: the place under a distance from the left. mark: shows a place in the
// picture. lines: what is written about it.
export function readOff({ picture, label, last, start, placeAt, mark, lines }) {
    const readout = h("p", { class: "readout" });
    let place = start;

    function read(next) {
        place = Math.min(last, Math.max(0, next));
        mark(place);
        replace(readout, lines(place));
    }

    const box = h(
        "div",
        { class: "plot", tabindex: "0", role: "group", "aria-label": `${label}. Left and right read it off.` },
        picture,
    );
    box.addEventListener("pointermove", (event) => read(placeAt(event.clientX - box.getBoundingClientRect().left)));
    box.addEventListener("keydown", (event) => {
        const moves = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: last };
        if (!(event.key in moves)) return;
        event.preventDefault();
        read(moves[event.key]);
    });
    read(place);
    return [readout, box];
}

// The values of a series { answer, at: (row) => pointer }; null where they are not known.
export function values(one, count) {
    return Array.from({ length: count }, (_, row) => at(one.answer.body, one.at(row)) ?? null);
}

// A field of an answer with the name of its series.
export function reading(one, row, kind, signed) {
    const pointer = one.at(row);
    const value = at(one.answer.body, pointer);
    const isKnown = value !== null && value !== undefined;
    const field = isKnown ? { "data-value": String(value), "data-source": `${one.answer.path}#${pointer}` } : {};
    return h(
        "span",
        { class: one.tone && `tone-${one.tone}` },
        one.name,
        " ",
        h("b", field, isKnown ? formats[one.kind ?? kind](value, signed) : "none"),
    );
}
