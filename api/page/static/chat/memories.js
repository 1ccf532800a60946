// What the chat remembers about the reader: added, confirmed and deleted by them alone.

import { get, request } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { problemNotice } from "../app/notices.js";

export function memories(portfolio) {
    const list = h("div", { "aria-live": "polite" });
    const text = h("input", {
        "aria-label": "Something to remember",
        placeholder: "Something to remember",
        maxlength: "500",
        required: true,
    });
    const path = `/chat/memories?portfolio_id=${portfolio}&include_proposed=true`;

    async function draw() {
        replace(
            list,
            await Promise.all([get(path), get("/chat/memories?include_proposed=true")]).then(rows, problemNotice),
        );
    }

    function rows(answers) {
        const all = new Map(answers.flatMap(({ body }) => body.memories).map((memory) => [memory.id, memory]));
        if (!all.size) return h("p", { class: "soft" }, "Nothing yet.");
        return h("ul", { class: "memories" }, [...all.values()].map(row));
    }

    function row({ id, content, confirmed }) {
        const forget = act("DELETE", `/chat/memories/${id}`);
        return h(
            "li",
            {},
            h("span", {}, content, !confirmed && h("small", { class: "soft" }, " proposed")),
            !confirmed &&
                h(
                    "button",
                    { type: "button", class: "small", onclick: act("POST", `/chat/memories/${id}/confirm`) },
                    "Keep",
                ),
            h(
                "button",
                { type: "button", class: "small", "aria-label": `Forget: ${content}`, onclick: forget },
                "Forget",
            ),
        );
    }

    function act(method, target, body) {
        return async () => {
            try {
                await request(method, target, { body });
                await draw();
            } catch (problem) {
                replace(list, problemNotice(problem));
            }
        };
    }

    async function add(event) {
        event.preventDefault();
        await act("POST", "/chat/memories", { content: text.value, portfolio_id: portfolio })();
        text.value = "";
    }

    draw();
    return h(
        "details",
        {},
        h("summary", {}, "Memories"),
        list,
        h("form", { class: "row", onsubmit: add }, text, h("button", { type: "submit", class: "small" }, "Remember")),
    );
}
