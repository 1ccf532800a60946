// A chart with its title, and the same data as a table and as CSV. It is drawn anew when its width changes.

import { h, replace } from "../app/dom.js";

// draw: (width) => nodes. table: () => node, made when it is first asked for.
export function chartFrame({ title, note, draw, table, legend }) {
    const canvas = h("div", { class: "canvas" });
    const toggle = h(
        "button",
        { type: "button", class: "small", "aria-pressed": "false", onclick: switchView },
        "Table",
    );
    const frame = h(
        "section",
        { class: "card chart" },
        h("header", {}, h("h2", {}, title), legend, toggle),
        note && h("p", { class: "soft" }, note),
        canvas,
    );
    let width = 0;

    function switchView() {
        const isTable = toggle.getAttribute("aria-pressed") === "false";
        toggle.setAttribute("aria-pressed", String(isTable));
        if (isTable) replace(canvas, table());
        else redraw();
    }

    function redraw() {
        if (width && toggle.getAttribute("aria-pressed") === "false") replace(canvas, draw(width));
    }

    new ResizeObserver(([{ contentRect }]) => {
        const next = Math.floor(contentRect.width);
        if (next === width) return;
        width = next;
        redraw();
    }).observe(canvas);
    return frame;
}

// names: of the series, in the order of their colours.
export function legend(names) {
    return h(
        "ul",
        { class: "legend" },
        names.map(({ name, tone }) => h("li", { class: `tone-${tone}` }, name)),
    );
}
