// The figures of an answer: each number of its text with the cell of the logged query that it equals.

import { openDialog } from "../app/dialog.js";
import { h } from "../app/dom.js";

const AHEAD = 4; // figures that may be missing from the text before the next one is found

// Makes nodes of a piece of text, with the figures in it marked. The figures come in the order of the text.
export function citing(figures, queries) {
    let next = 0;
    return function nodesOf(piece) {
        const nodes = [];
        let rest = piece;
        for (;;) {
            const found = firstFigure(rest, figures.slice(next, next + AHEAD));
            if (!found) return rest ? [...nodes, rest] : nodes;
            const { place, offset } = found;
            const figure = figures[next + place];
            nodes.push(rest.slice(0, offset), citation(figure, queries));
            rest = rest.slice(offset + figure.text.length);
            next += place + 1;
        }
    };
}

function firstFigure(text, candidates) {
    const places = candidates.map((figure, place) => ({ place, offset: text.indexOf(figure.text) }));
    return places.find(({ offset }) => offset >= 0);
}

function citation(figure, queries) {
    const query = queries.find(({ query_id: id }) => id === figure.query_id);
    const title = query
        ? `${figure.column}, row ${figure.row}\n\n${query.statement}`
        : "In no logged result: not verified.";
    const open = () => query && openQuery(figure, query);
    return h(
        "button",
        { type: "button", class: `cited ${figure.verified ? "" : "unverified"}`, title, onclick: open },
        figure.text,
    );
}

function openQuery(figure, query) {
    openDialog(
        query.purpose ?? "The query of this figure",
        h("dl", { class: "facts" }, [
            h("dt", {}, "Figure"),
            h("dd", {}, figure.text),
            h("dt", {}, "Cell"),
            h("dd", {}, `${figure.column}, row ${figure.row} (from 0)`),
            h("dt", {}, "As of"),
            h("dd", {}, query.as_of_date ?? "no session"),
            h("dt", {}, "Publication"),
            h("dd", {}, String(query.publication_id ?? "none")),
        ]),
        h("pre", { tabindex: "0" }, query.statement),
    );
}
