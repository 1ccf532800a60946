// The order of a table's rows, and which of them a search finds. A sort is the number of a column, with a minus before
// it if the largest comes first.

import { isNumber } from "./format.js";
import { valueOf } from "./table_cells.js";

export function directionOf(sort, number) {
    if (sort === `-${number}`) return "descending";
    return sort === String(number) ? "ascending" : "none";
}

// The sort after the head of a column was pressed: the largest first, then the smallest.
export function nextSort(sort, number) {
    return `${directionOf(sort, number) === "descending" ? "" : "-"}${number}`;
}

export function sorted(answer, columns, rows, sort) {
    if (!sort) return rows;
    const column = columns[Math.abs(Number(sort))];
    const sign = sort.startsWith("-") ? -1 : 1;
    const compareRows = (one, other) => compare(valueOf(answer, column, one), valueOf(answer, column, other));
    return [...rows].sort((one, other) => sign * compareRows(one, other));
}

// The rows in which a text of a column holds the words.
export function matching(answer, columns, rows, words) {
    const wanted = words.trim().toLowerCase();
    if (!wanted) return rows;
    const texts = columns.filter(({ kind }) => !isNumber(kind));
    const holds = (row) => (column) =>
        String(valueOf(answer, column, row) ?? "")
            .toLowerCase()
            .includes(wanted);
    return rows.filter((row) => texts.some(holds(row)));
}

function compare(one, other) {
    if (one === other) return 0;
    if (one === null || one === undefined) return -1;
    if (other === null || other === undefined) return 1;
    return typeof one === "number" && typeof other === "number"
        ? one - other
        : String(one).localeCompare(String(other));
}
