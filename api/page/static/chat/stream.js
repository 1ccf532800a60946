// A question that is being answered: text as it comes, then the checked answer in its place.

import { request } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { readEvents } from "./events.js";
import { markdown } from "./markdown.js";
import { answer, unfinished } from "./message.js";

// Sends the question and draws its answer into box. Resolves when the stream has ended; rejects with a Problem.
export async function ask(box, body, signal) {
    const text = h("div", { class: "text" });
    const doing = h("p", { class: "soft", role: "status" }, "Thinking …");
    const state = { text: "", id: null };
    replace(box, h("article", { class: "message answered" }, text, doing));

    const handlers = {
        message_created: (data) => (state.id = data.assistant_message_id),
        token: ({ data }) => {
            state.text += data.delta;
            replace(text, markdown(state.text));
        },
        tool_call: ({ data }) => (doing.textContent = `Looking up: ${data.tool_name.replaceAll("_", " ")} …`),
        tool_result: () => (doing.textContent = "Thinking …"),
        done: ({ data }) =>
            replace(
                box,
                answer({ id: state.id, content: data.final_text, figures: data.figures, queries: data.queries }),
            ),
        error: ({ data }) => replace(doing, h("span", { class: "notice alarm" }, unfinished(data.message, state.text))),
    };

    try {
        const response = await request("POST", "/chat/send", { body, signal, accept: "text/event-stream" });
        await readEvents(response.body, (name, data) => handlers[name]?.(data));
    } catch (problem) {
        if (problem.name !== "AbortError") throw problem;
        doing.textContent = unfinished("Stopped.", state.text);
    }
}
