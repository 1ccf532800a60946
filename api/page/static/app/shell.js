// What surrounds every screen: the bar with portfolio and dates, the tabs, and the banners.

import { addressOf, go } from "./address.js";
import { get } from "./api.js";
import { h } from "./dom.js";
import { formats } from "../figures/format.js";
import { asOfPicker, publishedAtPicker } from "./pickers.js";
import { Problem } from "./problem.js";
import { signOut } from "./session.js";
import { themeButton } from "./theme.js";

export function bar(address, portfolios, shown, showShortcuts) {
    return h(
        "header",
        { class: "bar" },
        h("a", { class: "brand", href: addressOf(address, { portfolio: null, screen: "portfolios" }) }, "SigmaSight"),
        address.portfolio && portfolioPicker(address, portfolios),
        h("div", { class: "dates" }, asOfPicker(address, shown), publishedAtPicker(address)),
        menu(showShortcuts),
    );
}

function portfolioPicker(address, portfolios) {
    const choose = (event) => go({ portfolio: event.target.value });
    const options = portfolios.map(({ id, name }) =>
        h("option", { value: id, selected: id === address.portfolio }, name),
    );
    if (!portfolios.some(({ id }) => id === address.portfolio))
        options.unshift(h("option", { selected: true }, "another portfolio"));
    return h("select", { "aria-label": "Portfolio", "data-focus": "portfolio", onchange: choose }, options);
}

function menu(showShortcuts) {
    const who = h("p", { class: "soft" });
    const leave = (everywhere) => async () => {
        await signOut(everywhere);
        location.reload();
    };
    const button = (text, press) => h("button", { type: "button", class: "plain", onclick: press }, text);
    const open = async (event) => {
        if (event.target.open)
            who.textContent = await get("/auth/me").then(
                ({ body }) => body.email,
                (problem) => problem.message,
            );
    };
    return h(
        "details",
        { class: "menu", ontoggle: open },
        h("summary", { "aria-label": "Menu" }, "☰"),
        h(
            "div",
            {},
            who,
            themeButton(),
            button("Keyboard shortcuts (?)", showShortcuts),
            button("Print", () => print()),
            button("Sign out", leave(false)),
            button("Sign out everywhere", leave(true)),
        ),
    );
}

export function tabs(address, screens) {
    if (!address.portfolio) return null;
    const links = screens.map(({ name, title }) =>
        h(
            "a",
            {
                href: addressOf(address, { screen: name }),
                "aria-current": name === address.screen && "page",
                "data-focus": `tab ${name}`,
            },
            title,
        ),
    );
    const nav = h("nav", { class: "tabs", "aria-label": "Screens" }, links);
    requestAnimationFrame(() => showCurrent(nav));
    return nav;
}

// On a narrow screen the tabs scroll: the one of the screen is among those in sight.
function showCurrent(nav) {
    const tab = nav.querySelector("[aria-current]");
    if (tab) nav.scrollLeft = tab.offsetLeft - (nav.clientWidth - tab.offsetWidth) / 2;
}

// shown: the session on screen. newest: the last session published, as far as this page knows. withheld: ids of
// portfolios that are withheld.
export function banners(address, portfolios, { shown, newest, withheld }) {
    return h(
        "div",
        { class: "banners" },
        pastBanner(address, shown, newest),
        withheldBanners(portfolios, address.portfolio, withheld),
        simulatedBanner(portfolios, address.portfolio),
    );
}

function pastBanner(address, shown, newest) {
    const { as_of: asOf, published_at: publishedAt } = address.params;
    const isPast = asOf && shown && newest && shown < newest;
    const isLater = asOf && newest && asOf > newest;
    if (!isPast && !isLater && !publishedAt) return null;
    return h(
        "p",
        { class: "banner past", role: "status" },
        h("strong", {}, isPast || publishedAt ? "Not the newest figures. " : `Nothing is published of ${asOf}. `),
        `You see ${shown ?? asOf ?? "the last session"}`,
        publishedAt ? `, as published by ${formats.instant(publishedAt)}. ` : ". ",
        h("a", { href: addressOf(address, { as_of: null, published_at: null }), "data-focus": "now" }, "Back to now"),
    );
}

// Portfolios without any figures are in no list: only their number is known.
function withheldBanners(portfolios, chosen, withheld) {
    const listed = portfolios.filter(({ id, withheld_since: since }) => since && (!chosen || id === chosen));
    const unlisted = chosen ? [] : withheld.filter((id) => !portfolios.some((portfolio) => portfolio.id === id));
    return [
        ...listed.map(withheldBanner),
        unlisted.length > 0 &&
            h(
                "p",
                { class: "banner past", role: "status" },
                h("strong", {}, "Withheld. "),
                `Portfolios that have no figures yet, because checks of the build fail for them: ${unlisted.length}.`,
            ),
    ];
}

function withheldBanner({ name, as_of_date: asOf, withheld_since: since, withheld_reason: reason }) {
    return h(
        "p",
        { class: "banner past", role: "status" },
        h("strong", {}, "Withheld. "),
        `${name} shows the figures of ${asOf}; newer ones are withheld since ${formats.instant(since)}. ${reason}`,
    );
}

function simulatedBanner(portfolios, chosen) {
    const shown = portfolios.filter(({ id }) => !chosen || id === chosen);
    const simulated = shown.find(({ price_source: source }) => source === "simulated");
    return (
        simulated &&
        h("p", { class: "banner simulated" }, h("strong", {}, "Simulated prices. "), simulated.price_notice)
    );
}

export function rowsOrNone(answer) {
    return answer instanceof Problem ? [] : answer.body;
}
