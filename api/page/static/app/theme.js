// Dark or light: as the system says, until the reader chooses.

import { h } from "./dom.js";
import { recall, remember } from "./memory.js";

const THEMES = ["system", "light", "dark"];

export function applyTheme() {
    document.documentElement.dataset.theme = recall("theme", "system");
}

export function nextTheme() {
    const now = recall("theme", "system");
    remember("theme", THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
    applyTheme();
}

export function themeButton() {
    const label = () => `Colours: ${recall("theme", "system")}`;
    const button = h("button", { type: "button", class: "plain", onclick: press }, label());
    function press() {
        nextTheme();
        button.textContent = label();
    }
    return button;
}
