// A matrix of numbers from -1 to 1 as coloured cells. The pointer, or the arrow keys, read a cell off.

import { h, replace, svg } from "../app/dom.js";
import { formats } from "../figures/format.js";
import { at, part } from "../figures/pointer.js";

const STEPS = ["minus-4", "minus-3", "minus-2", "minus-1", "zero", "plus-1", "plus-2", "plus-3", "plus-4"];
const LABELS = 76;
const LARGEST = 34;

// names: of rows and columns. pointer: of the matrix, an object of objects.
export function heatMap({ width, answer, names, pointer, label, kind = "correlation" }) {
    const size = Math.max(4, Math.min(LARGEST, Math.floor((width - LABELS) / names.length)));
    const matrix = at(answer.body, pointer);
    const side = LABELS + size * names.length;
    const readout = h("p", { class: "readout" }, "Point at a cell to read it off.");
    const frame = svg("rect", { class: "cell-frame", width: size, height: size, visibility: "hidden" });
    let place = [0, 0];

    function read(row, column) {
        place = [clamp(row, names.length), clamp(column, names.length)];
        const [one, other] = place.map((number) => names[number]);
        const field = `${pointer}/${part(one)}/${part(other)}`;
        const value = at(answer.body, field);
        frame.setAttribute("x", LABELS + place[1] * size);
        frame.setAttribute("y", LABELS + place[0] * size);
        frame.setAttribute("visibility", "visible");
        const exact =
            value === undefined || value === null
                ? {}
                : { "data-value": String(value), "data-source": `${answer.path}#${field}` };
        replace(
            readout,
            `${one} and ${other}: `,
            h("b", exact, exact["data-value"] ? formats[kind](value) : "not known"),
        );
    }

    const picture = svg(
        "svg",
        { width: side, height: side, viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label },
        names.map((name, number) => labels(name, number, size)),
        names.flatMap((one, row) => names.map((other, column) => cell(matrix[one]?.[other], row, column, size))),
        frame,
    );
    const box = h(
        "div",
        { class: "plot wide", tabindex: "0", role: "group", "aria-label": `${label}. The arrow keys read it off.` },
        picture,
    );
    picture.addEventListener("pointermove", (event) => {
        const corner = picture.getBoundingClientRect();
        const [row, column] = [event.clientY - corner.top, event.clientX - corner.left].map((far) =>
            Math.floor((far - LABELS) / size),
        );
        if (row >= 0 && column >= 0) read(row, column);
    });
    box.addEventListener("keydown", (event) => {
        const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
        if (!moves) return;
        event.preventDefault();
        read(place[0] + moves[0], place[1] + moves[1]);
    });
    return [readout, box];
}

function labels(name, number, size) {
    const middle = LABELS + number * size + size / 2;
    return [
        svg("text", { class: "tick end", x: LABELS - 6, y: middle, dy: "0.32em" }, name),
        svg("text", { class: "tick start", transform: `translate(${middle} ${LABELS - 6}) rotate(-60)` }, name),
    ];
}

function cell(value, row, column, size) {
    const step =
        value === null || value === undefined
            ? "unknown"
            : STEPS[Math.round((Math.max(-1, Math.min(1, value)) + 1) * 4)];
    return svg("rect", {
        class: `heat ${step}`,
        x: LABELS + column * size,
        y: LABELS + row * size,
        width: size - 1,
        height: size - 1,
    });
}

function clamp(number, count) {
    return Math.min(count - 1, Math.max(0, number));
}
