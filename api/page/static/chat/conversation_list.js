// The reader's conversations about a portfolio, or about none, the newest first.

import { h } from "../app/dom.js";
import { formats } from "../figures/format.js";

export function conversationList({ body }, portfolio, open, begin) {
    const mine = body.filter(({ portfolio_id: id }) => !id || id === portfolio);
    return [
        h("h2", {}, "Conversations"),
        h("button", { type: "button", class: "small", onclick: begin }, "New conversation"),
        mine.length
            ? h(
                  "ul",
                  { class: "conversations" },
                  mine.map((one) => row(one, open)),
              )
            : h("p", { class: "soft" }, "None yet."),
    ];
}

function row({ id, title, updated_at: when }, open) {
    const time = h("small", { class: "soft" }, ` ${formats.instant(when)}`);
    return h(
        "li",
        {},
        h("button", { type: "button", class: "plain", onclick: () => open(id) }, title ?? "Untitled", time),
    );
}
