// The cells of a table: figures, texts and links, from the fields that its columns name.

import { h } from "../app/dom.js";
import { figure, missing } from "./figure.js";
import { formats, isNumber } from "./format.js";
import { at } from "./pointer.js";

// The raw field of a column in a row; null for a column that draws itself.
export function valueOf(answer, column, row) {
    return column.at ? at((column.answer ?? answer).body, column.at(row)) : null;
}

export function alignment({ kind }) {
    return isNumber(kind) ? "number" : kind;
}

export function rowOf(answer, columns, row, kind) {
    const cells = columns.map((column, number) => {
        const name = number === 0 ? "th" : "td";
        return h(name, { scope: number === 0 && "row", class: alignment(column) }, contentOf(answer, column, row));
    });
    return h("tr", { class: kind }, cells);
}

function contentOf(answer, column, row) {
    if (column.draw) return column.draw(row);
    const from = column.answer ?? answer;
    return isNumber(column.kind) ? numberOf(from, column, row) : textOf(from, column, row);
}

function numberOf(answer, column, row) {
    const mart = column.martOf?.(row) ?? column.mart;
    const ofRow = { key: column.key?.(row), session: column.session?.(row), reason: column.reason?.(row) };
    const kind = column.kindOf?.(row) ?? column.kind;
    const label = column.labelOf?.(row) ?? column.title;
    return figure(answer, column.at(row), kind, { ...column, ...ofRow, mart, label });
}

function textOf(answer, column, row) {
    const text = valueOf(answer, column, row);
    if (text === null || text === undefined) return absent(answer, column, row);
    const written = column.words ? column.words(text) : formats[column.kind](text);
    return column.link ? h("a", { href: column.link(row) }, written) : written;
}

// A text that is missing without a reason is left blank: a company without a sector, say.
function absent({ body }, { reason, reasonText }, row) {
    if (reasonText) return missing(reasonText);
    return reason ? missing(formats.text(at(body, reason(row)) ?? "not known")) : "";
}
