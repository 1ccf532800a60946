// A table of fields of an answer: sorted by its column heads, searched, and saved as CSV.

import { download } from "./csv.js";
import { h, replace } from "../app/dom.js";
import { at } from "./pointer.js";
import { alignment, rowOf, valueOf } from "./table_cells.js";
import { directionOf, matching, nextSort, sorted } from "./table_order.js";

const DRAWN = 250; // rows at first: the others when they are asked for

// columns: { title, at: (row) => pointer, kind, mart? (or martOf: (row) => mart), key?: (row) => text, kindOf? and labelOf?
//   for rows of different figures, session?: (row) => date or null, reason?: (row) => pointer, signed?, words?, link?: (row) => address, draw?: (row) => node, answer? (another one) }.
// rows: the numbers of the answer's rows, in the order of the answer. groups: [{ name, cells: [node] }], above the rows
// whose groupOf(row) holds their name. state: { sort, query }; onState: told of each change of it.
export function dataTable({ name, answer, columns, rows, search = false, groups, groupOf, state = {}, onState }) {
    const view = { sort: "", query: "", most: DRAWN, ...withoutBlanks(state) };
    const body = h("tbody");
    const count = h("span", { class: "soft", role: "status" });
    const rest = h("button", { type: "button", class: "small", onclick: () => change({ most: Infinity }) }, "Show all");
    const heads = columns.map((column, number) =>
        head(name, column, number, () => change({ sort: nextSort(view.sort, number) })),
    );

    function change(changes) {
        Object.assign(view, changes);
        draw();
        onState?.(changes);
    }

    function draw() {
        const found = sorted(answer, columns, matching(answer, columns, rows, view.query), view.sort);
        const drawn = found.slice(0, view.most);
        count.textContent = drawn.length === rows.length ? "" : `${drawn.length} of ${rows.length}`;
        rest.hidden = drawn.length === found.length;
        heads.forEach((cell, number) => cell.setAttribute("aria-sort", directionOf(view.sort, number)));
        const line = (kind) => (row) => rowOf(answer, columns, row, kind);
        replace(body, groups ? grouped(drawn, groups, groupOf, line("member")) : drawn.map(line()));
    }

    draw();
    const save = h(
        "button",
        { type: "button", class: "small", onclick: () => saveRows(name, answer, columns, rows) },
        "CSV",
    );
    const find = search && searchField(name, view.query, (query) => change({ query }));
    const table = h("table", {}, h("thead", {}, h("tr", {}, heads)), body);
    return h(
        "div",
        { class: "table" },
        h("div", { class: "tools" }, find, count, rest, save),
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, table),
    );
}

// The pointers of a column over a list: under("/factors", "beta")(3) is "/factors/3/beta".
export function under(list, field) {
    return (row) => `${list}/${row}/${field}`;
}

// The numbers of the rows of a list.
export function rowsOf(answer, list) {
    return (at(answer.body, list) ?? []).map((_, row) => row);
}

function head(name, column, number, press) {
    const attributes = { type: "button", class: "plain", "data-focus": `sort ${name} ${number}`, onclick: press };
    return h("th", { scope: "col", class: alignment(column) }, h("button", attributes, column.title));
}

function searchField(name, query, take) {
    return h("input", {
        type: "search",
        placeholder: "Search",
        "aria-label": `Search ${name}`,
        "data-focus": `search ${name}`,
        value: query,
        oninput: (event) => take(event.target.value),
    });
}

function grouped(rows, groups, groupOf, line) {
    return groups.flatMap((group) => {
        const members = rows.filter((row) => groupOf(row).includes(group.name));
        return members.length ? [h("tr", { class: "group" }, group.cells), ...members.map(line)] : [];
    });
}

function saveRows(name, answer, columns, rows) {
    const fields = columns.filter((column) => column.at);
    const lines = rows.map((row) => fields.map((column) => valueOf(answer, column, row)));
    download(name, [fields.map(({ title }) => title), ...lines]);
}

function withoutBlanks(state) {
    return Object.fromEntries(Object.entries(state).filter(([, value]) => value));
}
