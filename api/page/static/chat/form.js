// The form of a question: Enter asks, Shift and Enter begin a line; while an answer is written, its button stops it.

import { h, replace } from "../app/dom.js";
import { problemNotice } from "../app/notices.js";
import { question } from "./message.js";

const MODES = { green: "Teaching", blue: "Concise, in figures", indigo: "Narrative", violet: "Risk first" };

// talk: the conversation. messages: where question and answer are drawn.
export function questionForm(talk, messages) {
    const text = h("textarea", {
        rows: "2",
        maxlength: "4000",
        "aria-label": "Question",
        placeholder: "Ask a question",
        onkeydown: (event) => event.key === "Enter" && !event.shiftKey && submit(event),
    });
    const options = Object.entries(MODES).map(([value, name]) => h("option", { value }, name));
    const mode = h("select", { "aria-label": "Mode", onchange: () => talk.changeMode(mode.value) }, options);
    const button = h("button", { type: "submit", class: "primary" }, "Ask");

    async function submit(event) {
        event.preventDefault();
        const asked = text.value.trim();
        if (talk.stop) talk.stop.abort();
        else if (asked) await send(asked);
    }

    async function send(asked) {
        const box = h("div");
        if (!talk.id) replace(messages);
        messages.append(question(asked), box);
        text.value = "";
        button.textContent = "Stop";
        await talk.ask(asked, box).catch((problem) => replace(box, problemNotice(problem)));
        button.textContent = "Ask";
        text.focus();
    }

    const node = h("form", { class: "ask", onsubmit: submit }, text, h("div", { class: "row" }, mode, button));
    return { node, showMode: (value) => (mode.value = value) };
}
