// The conversation on screen: begun with its first question, in a mode that may change.

import { note } from "../app/address.js";
import { request } from "../app/api.js";
import { ask } from "./stream.js";

export class Conversation {
    constructor(portfolio) {
        this.portfolio = portfolio;
        this.id = null;
        this.mode = "green";
        this.stop = null; // of the answer that is being written
    }

    leave() {
        this.id = null;
    }

    enter({ id, mode }) {
        this.id = id;
        this.mode = mode;
    }

    async changeMode(mode) {
        this.mode = mode;
        if (this.id) await request("PUT", `/chat/conversations/${this.id}/mode`, { body: { mode } });
    }

    // Asks, and draws the answer into box. Rejects with a Problem.
    async ask(text, box) {
        this.stop = new AbortController();
        try {
            this.id ??= await this.begin();
            const context = { portfolio_id: this.portfolio, page_hint: "chat" };
            await ask(box, { conversation_id: this.id, text, ui_context: context }, this.stop.signal);
        } finally {
            this.stop = null;
        }
    }

    async begin() {
        const body = { mode: this.mode, portfolio_id: this.portfolio };
        const { id } = await (await request("POST", "/chat/conversations", { body })).json();
        note({ conversation: id });
        return id;
    }
}
