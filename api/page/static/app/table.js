// A table of fields of an answer: sorted by its column heads, searched, and saved as CSV.

import { download } from "./csv.js";
import { h, replace } from "./dom.js";
import { figure, missing } from "./figure.js";
import { formats, isNumber } from "./format.js";
import { at } from "./pointer.js";

const DRAWN = 250; // rows at first: the others when they are asked for

// columns: { title, at: (row) => pointer, kind, mart? (or martOf: (row) => mart), key?: (row) => text, reason?: (row) => pointer, signed?, words?,
//   link?: (row) => address, draw?: (row) => node, answer? (another than the table's) }.
// rows: the numbers of the answer's rows, in the order of the answer. group: (row) => name, groups: [{ name, cells: [node] }].
// state: { sort, search }; onState: told of each change of it.
export function dataTable({ name, answer, columns, rows, search = false, groups, groupOf, state = {}, onState = () => {} }) {
    let { sort = "", query = "" } = state;
    let most = DRAWN;
    const body = h("tbody");
    const heads = columns.map((column, number) => head(column, number));
    const count = h("span", { class: "soft", role: "status" });

    function draw() {
        const shown = sorted(rows.filter((row) => matches(row)));
        const drawn = shown.slice(0, most);
        count.textContent = drawn.length === rows.length ? "" : `${drawn.length} of ${rows.length}`;
        rest.hidden = drawn.length === shown.length;
        replace(body, groups ? grouped(drawn) : drawn.map((row) => line(row)));
        heads.forEach((cell, number) => cell.setAttribute("aria-sort", orderOf(number)));
    }

    function head(column, number) {
        const press = () => {
            const next = orderOf(number) === "descending" ? "ascending" : "descending";
            sort = `${next === "descending" ? "-" : ""}${number}`;
            onState({ sort });
            draw();
        };
        const button = h("button", { type: "button", class: "plain", "data-focus": `sort ${name} ${number}`, onclick: press }, column.title);
        return h("th", { scope: "col", class: alignment(column), title: column.hint }, button);
    }

    function orderOf(number) {
        if (sort === `-${number}`) return "descending";
        return sort === String(number) ? "ascending" : "none";
    }

    function sorted(chosen) {
        if (!sort) return chosen;
        const column = columns[Math.abs(Number(sort))];
        const sign = sort.startsWith("-") ? -1 : 1;
        return [...chosen].sort((one, other) => sign * compare(value(column, one), value(column, other)));
    }

    function value(column, row) {
        return column.at ? at((column.answer ?? answer).body, column.at(row)) : null;
    }

    function matches(row) {
        const wanted = query.trim().toLowerCase();
        return !wanted || columns.some((column) => !isNumber(column.kind) && String(value(column, row) ?? "").toLowerCase().includes(wanted));
    }

    function grouped(shown) {
        return groups.flatMap((group) => {
            const members = shown.filter((row) => groupOf(row).includes(group.name));
            if (!members.length) return [];
            return [h("tr", { class: "group" }, group.cells), ...members.map((row) => line(row, "member"))];
        });
    }

    function line(row, kind) {
        return h("tr", { class: kind }, columns.map((column, number) => cell(column, row, number === 0)));
    }

    function cell(column, row, isHead) {
        const tag = isHead ? "th" : "td";
        return h(tag, { scope: isHead && "row", class: alignment(column) }, content(column, row));
    }

    function content(column, row) {
        if (column.draw) return column.draw(row);
        const from = column.answer ?? answer;
        const key = column.key?.(row);
        const options = { ...column, mart: column.martOf?.(row) ?? column.mart, key, reason: column.reason?.(row), label: column.title };
        if (isNumber(column.kind)) return figure(from, column.at(row), column.kind, options);
        const text = value(column, row);
        if (text === null || text === undefined) return absent(column, from, row);
        const written = column.words ? column.words(text) : formats[column.kind](text);
        return column.link ? h("a", { href: column.link(row) }, written) : written;
    }

    function absent({ reason, reasonText }, from, row) {
        if (reasonText) return missing(reasonText);
        return reason ? missing(formats.text(at(from.body, reason(row)) ?? "not known")) : "";
    }

    function save() {
        const fields = columns.filter((column) => column.at);
        download(name, [fields.map((column) => column.title), ...rows.map((row) => fields.map((column) => value(column, row)))]);
    }

    const find = search && h("input", {
        type: "search",
        placeholder: "Search",
        "aria-label": `Search ${name}`,
        "data-focus": `search ${name}`,
        value: query,
        oninput: (event) => {
            query = event.target.value;
            onState({ query });
            draw();
        },
    });
    const rest = h("button", { type: "button", class: "small", onclick: drawAll }, "Show all");
    function drawAll() {
        most = Infinity;
        draw();
    }

    draw();
    return h(
        "div",
        { class: "table" },
        h("div", { class: "tools" }, find, count, rest, h("button", { type: "button", class: "small", onclick: save }, "CSV")),
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body)),
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

function alignment({ kind }) {
    return isNumber(kind) ? "number" : kind;
}

function compare(one, other) {
    if (one === other) return 0;
    if (one === null || one === undefined) return -1;
    if (other === null || other === undefined) return 1;
    return typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
}
