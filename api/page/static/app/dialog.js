// A dialog over the page, closed by its button, by Escape, or by a click beside it. Focus returns to where it was.

import { h } from "./dom.js";

export function openDialog(title, ...content) {
    const before = document.activeElement;
    const close = h("button", { type: "button", class: "plain", "aria-label": "Close" }, "✕");
    const body = h("div", { class: "dialog-body" }, content);
    const dialog = h(
        "dialog",
        { "aria-label": title, onclick: (event) => event.target === dialog && dialog.close() },
        h("header", {}, h("h2", {}, title), close),
        body,
    );
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
        dialog.remove();
        if (before?.isConnected) before.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    return { dialog, body };
}
