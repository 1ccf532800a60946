// Chat: questions about the portfolio; every figure of an answer shows the query that it is from.

import { note } from "../app/address.js";
import { get, request } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { formats } from "../app/format.js";
import { part, problemNotice } from "../app/notices.js";
import { memories } from "../chat/memories.js";
import { answer, question } from "../chat/message.js";
import { ask } from "../chat/stream.js";

const MODES = { green: "Teaching", blue: "Concise, in figures", indigo: "Narrative", violet: "Risk first" };

export const chat = {
    name: "chat",
    title: "Chat",
    keepsItself: true,
    requests: () => ({ conversations: "/chat/conversations?limit=50" }),
    draw: ({ conversations }, address) => part(conversations, (found) => room(found, address)),
};

function room(conversations, address) {
    const state = { id: address.params.conversation ?? null, mode: "green", stop: null };
    const messages = h("div", { class: "messages", role: "log", "aria-label": "Messages" });
    const mode = modePicker(state);
    const side = h("aside", { class: "card" }, h("h2", {}, "Conversations"), newButton(), list(), memories(address.portfolio));
    if (state.id) open(state.id);
    else welcome();

    function welcome() {
        replace(messages, h("p", { class: "soft" }, "Ask about this portfolio, for example: how much can I lose on a bad day?"));
    }

    function newButton() {
        const begin = () => {
            state.id = null;
            note({ conversation: null });
            welcome();
        };
        return h("button", { type: "button", class: "small", onclick: begin }, "New conversation");
    }

    function list() {
        const mine = conversations.body.filter(({ portfolio_id: id }) => !id || id === address.portfolio);
        const row = ({ id, title, updated_at: when }) =>
            h("li", {}, h("button", { type: "button", class: "plain", onclick: () => open(id) }, title ?? "Untitled", h("small", { class: "soft" }, ` ${formats.instant(when)}`)));
        return mine.length ? h("ul", { class: "conversations" }, mine.map(row)) : h("p", { class: "soft" }, "None yet.");
    }

    async function open(id) {
        try {
            const { body } = await get(`/chat/conversations/${id}`);
            state.id = id;
            state.mode = body.mode;
            mode.value = body.mode;
            note({ conversation: id });
            replace(messages, body.messages.map((message) => (message.role === "user" ? question(message.content) : answer(message))));
            messages.lastElementChild?.scrollIntoView({ block: "end" });
        } catch (problem) {
            replace(messages, problemNotice(problem));
        }
    }

    async function send(text) {
        const box = h("div");
        if (!state.id) replace(messages);
        messages.append(question(text), box);
        state.stop = new AbortController();
        try {
            state.id ??= await begin();
            const context = { portfolio_id: address.portfolio, page_hint: "chat" };
            await ask(box, { conversation_id: state.id, text, ui_context: context }, state.stop.signal);
        } catch (problem) {
            replace(box, problemNotice(problem));
        }
        state.stop = null;
    }

    async function begin() {
        const created = await request("POST", "/chat/conversations", { body: { mode: state.mode, portfolio_id: address.portfolio } });
        const { id } = await created.json();
        note({ conversation: id });
        return id;
    }

    return h("div", { class: "chat" }, side, h("section", { class: "card talk" }, messages, form(state, mode, send)));
}

function modePicker(state) {
    const options = Object.entries(MODES).map(([value, name]) => h("option", { value }, name));
    const change = async () => {
        state.mode = picker.value;
        if (state.id) await request("PUT", `/chat/conversations/${state.id}/mode`, { body: { mode: state.mode } });
    };
    const picker = h("select", { "aria-label": "Mode", onchange: change }, options);
    return picker;
}

function form(state, mode, send) {
    const text = h("textarea", { rows: "2", maxlength: "4000", required: true, "aria-label": "Question", placeholder: "Ask a question" });
    const button = h("button", { type: "submit", class: "primary" }, "Ask");

    async function submit(event) {
        event.preventDefault();
        if (state.stop) return state.stop.abort();
        const asked = text.value.trim();
        if (!asked) return undefined;
        text.value = "";
        button.textContent = "Stop";
        text.required = false;
        await send(asked);
        button.textContent = "Ask";
        text.required = true;
        return text.focus();
    }

    text.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && !event.shiftKey) submit(event);
    });
    return h("form", { class: "ask", onsubmit: submit }, text, h("div", { class: "row" }, mode, button));
}
