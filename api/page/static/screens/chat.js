// Chat: questions about the portfolio; every figure of an answer shows the query that it is from.

import { note } from "../app/address.js";
import { get } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { part, problemNotice } from "../app/notices.js";
import { Conversation } from "../chat/conversation.js";
import { conversationList } from "../chat/conversation_list.js";
import { questionForm } from "../chat/form.js";
import { memories } from "../chat/memories.js";
import { answer, question } from "../chat/message.js";

export const chat = {
    name: "chat",
    title: "Chat",
    keepsItself: true,
    requests: () => ({ conversations: "/chat/conversations?limit=50" }),
    draw: ({ conversations }, address) => part(conversations, (found) => room(found, address)),
};

function room(conversations, address) {
    const talk = new Conversation(address.portfolio);
    const messages = h("div", { class: "messages", role: "log", "aria-label": "Messages" });
    const form = questionForm(talk, messages);

    function welcome() {
        talk.leave();
        note({ conversation: null });
        const example = "Ask about this portfolio, for example: how much can I lose on a bad day?";
        replace(messages, h("p", { class: "soft" }, example));
    }

    async function open(id) {
        try {
            const { body } = await get(`/chat/conversations/${id}`);
            talk.enter(body);
            form.showMode(talk.mode);
            note({ conversation: id });
            replace(messages, body.messages.map(drawn));
        } catch (problem) {
            replace(messages, problemNotice(problem));
        }
    }

    if (address.params.conversation) open(address.params.conversation);
    else welcome();
    const side = [conversationList(conversations, address.portfolio, open, welcome), memories(address.portfolio)];
    return h(
        "div",
        { class: "chat" },
        h("aside", { class: "card" }, side),
        h("section", { class: "card talk" }, messages, form.node),
    );
}

function drawn(message) {
    return message.role === "user" ? question(message.content) : answer(message);
}
