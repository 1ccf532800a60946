// The state of the page is its address: #/portfolio/{id}/{screen}?as_of=&published_at=&period=&from=&to=&...
// What a screen adds (sort, group, ...) is left behind with the screen; dates and period go along.

import { recall, remember } from "./memory.js";

export const PERIODS = ["1D", "1W", "MTD", "QTD", "YTD", "1Y", "ITD", "custom"];
const SHARED = ["as_of", "published_at", "period", "from", "to"];
const DATES = ["as_of", "published_at", "from", "to"];
const START = "overview";

export function readAddress() {
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const [kind, portfolio, screen] = path.split("/").map(decoded);
    const params = Object.fromEntries([...new URLSearchParams(query)].filter(isReadable));
    const period = PERIODS.includes(params.period) ? params.period : recall("period", "YTD");
    if (kind === "portfolio" && portfolio) return { portfolio, screen: screen || START, params, period };
    return { portfolio: null, screen: "portfolios", params, period };
}

// A link may come from anywhere: what is not encoded rightly stays as it is, and a date that is none is left out.
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function isReadable([name, value]) {
    return !DATES.includes(name) || (/^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value)));
}

// The address of another screen, portfolio or date; a parameter that is null is left out.
export function addressOf(address, { portfolio, screen, ...changes } = {}) {
    const next = {
        portfolio: portfolio === undefined ? address.portfolio : portfolio,
        screen: screen === undefined ? address.screen : screen,
    };
    const moves = next.portfolio !== address.portfolio || next.screen !== address.screen;
    const params = { ...(moves ? only(address.params, SHARED) : address.params), ...changes };
    const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const path = next.portfolio ? `#/portfolio/${next.portfolio}/${next.screen}` : "#/";
    return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

// Go there: a step of the history, and a redraw.
export function go(changes) {
    if (changes.period) remember("period", changes.period);
    location.hash = addressOf(readAddress(), changes);
}

// Note the state of the screen in the address, without a step of the history or a redraw.
export function note(changes) {
    history.replaceState(null, "", addressOf(readAddress(), changes));
}

function only(values, names) {
    return Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]]));
}
