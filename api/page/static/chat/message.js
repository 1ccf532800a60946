// A question or an answer, with what the answer stands on and how the reader rates it.

import { request } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { citing } from "./citations.js";
import { markdown } from "./markdown.js";

export function question(text) {
    return h("article", { class: "message asked" }, h("p", {}, text));
}

// An answer that is finished: message as GET /chat/conversations/{id} has it.
export function answer({ id, content, figures = [], queries = [], status, error_type: problem, feedback }) {
    const failed = status === "failed" || status === "cancelled";
    const ending = status === "cancelled" ? "Stopped." : `Not finished: ${problem}.`;
    return h(
        "article",
        { class: "message answered" },
        h("div", { class: "text" }, markdown(content, citing(figures, queries))),
        failed && h("p", { class: "notice" }, unfinished(ending, content)),
        queries.length > 0 && statements(queries),
        id && rating(id, feedback),
    );
}

// What is said of an answer without an end: only finished ones are compared with results.
export function unfinished(what, text) {
    return /\p{N}/u.test(text) ? `${what} The figures above are not verified.` : what;
}

function statements(queries) {
    const each = queries.map(({ statement, purpose, row_count: count }) => [
        h("p", { class: "soft" }, `${purpose ?? "Query"}: ${count} ${count === 1 ? "row" : "rows"}`),
        h("pre", { tabindex: "0" }, statement),
    ]);
    return h("details", {}, h("summary", {}, queries.length === 1 ? "1 query" : `${queries.length} queries`), each);
}

function rating(id, given) {
    const box = h("div", { class: "row" });
    const draw = (now) => replace(box, button("up", "Helpful", now), button("down", "Not helpful", now));
    const button = (value, text, now) =>
        h(
            "button",
            { type: "button", class: "small", "aria-pressed": String(now === value), onclick: () => rate(value, now) },
            text,
        );
    async function rate(value, now) {
        if (now === value) await request("DELETE", `/chat/messages/${id}/feedback`);
        else await request("POST", `/chat/messages/${id}/feedback`, { body: { rating: value } });
        draw(now === value ? null : value);
    }
    draw(given);
    return box;
}
