// A figure on the screen: one field of an answer, as the API sent it, rounded for display. It carries its exact value
// and where it came from, opens its definition, and says what it was if it was restated.

import { h } from "../app/dom.js";
import { direction, formats } from "./format.js";
import { at } from "./pointer.js";
import { openDefinition } from "./definition.js";
import { restatementOf } from "./restated.js";

// kind: see format.js. mart: "fct_x.column" behind the field. key: of the mart's row, if it is not the portfolio's.
// session: of the mart's row, if it is not the answer's; null for a figure of several rows.
// reason: pointer of the field that says why the value is null; reasonText: the reason, where there is but one.
// label: what it is, for the dialog. isNeutral: more is neither a gain nor a loss.
export function figure(answer, pointer, kind, options = {}) {
    const { mart, key, session = answer.asOf, reason, reasonText, signed, isNeutral, label, words } = options;
    const value = at(answer.body, pointer);
    if (value === null || value === undefined) return missing(reasonText ?? reasonOf(answer, reason));
    const before = restatementOf(mart, session, key);
    const source = `${answer.path}#${pointer}`;
    const shown = words ? words(value) : formats[kind](value, signed);
    return h(
        "button",
        {
            type: "button",
            class: `figure ${signed && !isNeutral ? direction(value) : ""} ${before ? "restated" : ""}`,
            "data-value": String(value),
            "data-source": source,
            "data-focus": source,
            onclick: () => openDefinition({ answer, pointer, value, kind, mart, label, before }),
        },
        shown,
        before && h("small", { class: "was" }, was(before, kind, signed, shown)),
    );
}

// Why there is no figure, where the figure would be.
export function missing(reason) {
    return h("span", { class: "missing" }, "none", h("small", {}, reason));
}

function reasonOf(answer, pointer) {
    const reason = pointer && at(answer.body, pointer);
    if (reason) return formats.text(reason);
    const quality = answer.body.data_quality;
    if (answer.body.available === false && quality?.message) return quality.message;
    return pointer || !quality?.flag || quality.flag === "full_history"
        ? "not known"
        : `not known (${formats.text(quality.flag)})`;
}

// The former value, where it does not round to what is shown: "0.66, was 0.66" would say that nothing changed.
function was(before, kind, signed, shown) {
    if (before.old_value === null) return "was not known";
    const isNumeric = Number.isFinite(Number(before.old_value));
    const text = isNumeric ? formats[kind](Number(before.old_value), signed) : before.old_value;
    return text === shown ? "restated" : `was ${text}`;
}
