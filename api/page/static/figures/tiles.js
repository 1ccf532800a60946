// A tile: one figure with its name, and perhaps a second one beside it.

import { h } from "../app/dom.js";
import { figure } from "./figure.js";

// options: those of a figure. beside: [pointer, kind, options] of the second one; words: text under both.
export function tile(answer, label, pointer, kind, { beside, words, ...options } = {}) {
    return h(
        "div",
        { class: "tile" },
        h("h3", {}, label),
        figure(answer, pointer, kind, { ...options, label }),
        beside && figure(answer, beside[0], beside[1], { ...options, label, ...beside[2] }),
        words && h("p", { class: "soft" }, words),
    );
}

// A list of names and figures: rows of [label, pointer, kind, options].
export function facts(answer, rows) {
    const lines = rows.map(([label, pointer, kind, options]) => [
        h("dt", {}, label),
        h("dd", {}, figure(answer, pointer, kind, { ...options, label })),
    ]);
    return h("dl", { class: "figures" }, lines);
}
