// Shortcuts. Each is one key, and none works while something is typed or a dialog is open.

import { go, readAddress } from "./address.js";
import { openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { choosePublication, moveDay } from "./pickers.js";
import { nextTheme } from "./theme.js";

// screens: those of a portfolio, in order. shown: () => the session on screen.
export function listenToKeys(screens, shown) {
    const shortcuts = [
        { key: "?", what: "These shortcuts", run: () => showShortcuts(shortcuts) },
        { key: "p", what: "Portfolios", run: () => go({ portfolio: null, screen: "portfolios" }) },
        ...screens.map((screen, number) => ({
            key: String(number + 1),
            what: screen.title,
            run: () => readAddress().portfolio && go({ screen: screen.name }),
        })),
        { key: "[", what: "The day before", run: () => moveDay(readAddress(), shown(), -1) },
        { key: "]", what: "The day after", run: () => moveDay(readAddress(), shown(), 1) },
        { key: ".", what: "As published when?", run: () => choosePublication(readAddress()) },
        { key: "n", what: "Back to now", run: () => go({ as_of: null, published_at: null }) },
        { key: "/", what: "Search this screen", run: () => document.querySelector("main input[type=search]")?.focus() },
        { key: "c", what: "Next colours: system, light, dark", run: nextTheme },
    ];
    document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
        const found = shortcuts.find(({ key }) => key === event.key);
        if (!found || document.querySelector("dialog[open]")) return;
        event.preventDefault();
        found.run();
    });
    return () => showShortcuts(shortcuts);
}

function isTyping(target) {
    return target.closest("input, select, textarea") !== null;
}

function showShortcuts(shortcuts) {
    const rows = shortcuts.map(({ key, what }) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]);
    openDialog(
        "Keyboard",
        h("dl", { class: "facts" }, rows),
        h("p", { class: "soft" }, "In a chart: left and right move along it, Home and End go to its ends."),
    );
}
