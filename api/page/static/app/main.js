// The page: reads its address, asks the API for what the screen needs, and draws it. It asks again, with ETags, when
// the reader comes back to it, and draws again only what has changed.

import { readAddress } from "./address.js";
import { dated, getAll } from "./api.js";
import { h, replace } from "./dom.js";
import { listenToKeys } from "./keyboard.js";
import { emptyState, problemNotice } from "./notices.js";
import { periodPicker } from "./pickers.js";
import { Problem } from "./problem.js";
import { reportMenu } from "./reports.js";
import { rememberRestatements } from "../figures/restated.js";
import { signInWith } from "./session.js";
import { banners, bar, rowsOrNone, tabs } from "./shell.js";
import { askToSignIn } from "./sign_in.js";
import { applyTheme } from "./theme.js";
import { SCREENS, START } from "../screens/index.js";

const page = document.getElementById("page");
const announcement = h("p", { class: "unseen", role: "status" });
const outage = h("p", { class: "banner past", role: "alert", hidden: true });
let turn = 0; // of the newest request: older ones are not drawn any more
let drawn = { hash: null, answers: {} };
let shown = null; // the session on screen
let newest = null; // the last session published

const showShortcuts = listenToKeys(SCREENS, () => shown);

async function show({ again = false } = {}) {
    const mine = ++turn;
    const address = readAddress();
    const screen = address.portfolio ? SCREENS.find(({ name }) => name === address.screen) : START;
    if (!screen) return replace(page, problemNotice(new Error("There is no such screen.")));
    if (again && screen.keepsItself) return undefined;
    page.setAttribute("aria-busy", "true");
    const answers = await readAll(screen, address);
    if (mine !== turn) return undefined;
    page.removeAttribute("aria-busy");
    if (keepsLastFigures(answers)) return undefined;
    outage.hidden = true;
    if (isDrawn(answers)) return undefined;
    return draw(screen, address, answers, again);
}

// While the server is out of reach, the figures that are on screen stay there, and say so.
function keepsLastFigures(answers) {
    const problem = Object.values(answers).find(({ code }) => code === "out_of_reach");
    if (!problem || drawn.hash !== location.hash) return false;
    outage.textContent = problem.message;
    outage.hidden = false;
    return true;
}

// Some requests need the session. It is the one expected, or else the one that the portfolios are answered for.
async function readAll(screen, address) {
    const expected = address.params.as_of ?? (address.params.published_at ? null : newest);
    const { portfolios } = expected ? {} : await getAll({ portfolios: dated("/data/portfolios", address) });
    if (portfolios instanceof Problem) return { portfolios };
    const session = expected ?? portfolios.asOf;
    const answers = await getAll(pathsOf(screen, address, session, portfolios));
    const all = portfolios ? { portfolios, ...answers } : answers;
    const answered = all.portfolios.asOf;
    return !answered || answered === session
        ? all
        : { ...all, ...(await getAll(pathsOf(screen, address, answered, all))) };
}

function pathsOf(screen, address, session, isKnown) {
    const paths = screen.requests(address, session);
    if (!isKnown) paths.portfolios = "/data/portfolios";
    if (address.portfolio && !screen.keepsItself)
        paths.restatements = `/restatements?portfolio_id=${address.portfolio}&limit=1000`;
    return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, dated(path, address)]));
}

function isDrawn(answers) {
    const names = Object.keys(answers);
    const isSame =
        names.length === Object.keys(drawn.answers).length &&
        names.every((name) => answers[name] === drawn.answers[name]);
    return isSame && drawn.hash === location.hash;
}

function draw(screen, address, answers, again) {
    const isElsewhere = drawn.hash?.split("?")[0] !== location.hash.split("?")[0];
    const portfolios = rowsOrNone(answers.portfolios);
    drawn = { hash: location.hash, answers };
    shown = answers.portfolios.asOf ?? null;
    if (!address.params.as_of && !address.params.published_at) newest = shown;
    rememberRestatements(answers.restatements, address.portfolio);
    const chosen = portfolios.find(({ id }) => id === address.portfolio);
    const name = chosen?.name;
    document.title = [screen.title, name, "SigmaSight"].filter(Boolean).join(" · ");
    replace(
        page,
        bar(address, portfolios, chosen?.withheld_since ? chosen.as_of_date : shown, showShortcuts),
        tabs(address, SCREENS),
        outage,
        banners(address, portfolios, { shown, newest, withheld: answers.portfolios.withheld ?? [] }),
        h(
            "main",
            { id: "main", tabindex: "-1" },
            heading(screen, address, name),
            contents(screen, address, answers, portfolios),
        ),
        announcement,
    );
    if (isElsewhere) scrollTo(0, 0);
    if (again) announcement.textContent = "The figures were published anew; the page shows them.";
}

function heading(screen, address, name) {
    return h(
        "div",
        { class: "heading" },
        h("h1", {}, screen.title, name && h("small", {}, name)),
        h("p", { class: "on-paper" }, datesOf(address)),
        h("div", { class: "row" }, screen.hasPeriod && periodPicker(address), name && reportMenu(address, shown)),
    );
}

// The dates of the bar, which paper does not show.
function datesOf({ params }) {
    const published = params.published_at ? `as published by ${params.published_at}` : "as published now";
    return `As of ${shown ?? "no session"}, ${published}`;
}

function contents(screen, address, answers, portfolios) {
    if (answers.portfolios instanceof Problem) return problemNotice(answers.portfolios);
    if (!portfolios.length && !address.params.as_of) return emptyState();
    return screen.draw(answers, address);
}

function skip(event) {
    event.preventDefault(); // the address belongs to the screens
    document.getElementById("main")?.focus();
}

// A menu closes when one presses beside it, or Escape.
function closeMenus({ type, key, target }) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (type === "keydown" ? key === "Escape" : !menu.contains(target)) menu.open = false;
    }
}

applyTheme();
signInWith(askToSignIn);
document.querySelector(".skip").addEventListener("click", skip);
addEventListener("click", closeMenus);
addEventListener("keydown", closeMenus);
addEventListener("hashchange", () => show());
addEventListener("focus", () => show({ again: true }));
show();
