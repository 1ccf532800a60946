// The dates of the page: as of which session, as published when, and over which period.

import { get } from "./api.js";
import { go, PERIODS } from "./address.js";
import { openDialog } from "./dialog.js";
import { h, replace } from "./dom.js";
import { formats } from "../figures/format.js";

const PERIOD_NAMES = { ITD: "Since inception", custom: "Custom" };
const DAY = 86_400_000;

// shown: the session that the API answered for.
export function asOfPicker(address, shown) {
    const input = h("input", {
        type: "date",
        id: "as-of",
        "data-focus": "as-of",
        value: address.params.as_of ?? shown ?? "",
        onchange: () => input.value && go({ as_of: input.value }),
    });
    return h("label", { class: "picker" }, h("span", {}, "As of"), input);
}

// The day before or after the one shown; a day without a session means the session before it.
export function moveDay(address, shown, days) {
    const from = address.params.as_of ?? shown;
    if (!from) return;
    const day = new Date(Date.parse(`${from}T00:00:00Z`) + days * DAY);
    while (day.getUTCDay() % 6 === 0) day.setTime(day.getTime() + Math.sign(days) * DAY);
    go({ as_of: day.toISOString().slice(0, 10) });
}

export function publishedAtPicker(address) {
    const { published_at: instant } = address.params;
    const button = h(
        "button",
        { type: "button", class: "small", "data-focus": "published-at", onclick: () => choosePublication(address) },
        instant ? formats.instant(instant) : "now",
    );
    return h("div", { class: "picker" }, h("span", { id: "published-at-label" }, "As published"), button);
}

export async function choosePublication(address) {
    const { dialog, body } = openDialog("As published when?", h("p", { class: "soft" }, "Reading the publications …"));
    const choose = (instant) => {
        dialog.close();
        go({ published_at: instant });
    };
    try {
        const answer = await get("/publications?limit=500");
        replace(body, explanation(), nowButton(choose), publicationList(answer, choose), instantForm(address, choose));
    } catch (problem) {
        replace(body, h("p", { class: "notice" }, problem.message));
    }
}

function explanation() {
    return h("p", {}, "Every screen then shows what had been published by that instant, whatever was corrected later.");
}

function nowButton(choose) {
    return h("button", { type: "button", class: "primary", onclick: () => choose(null) }, "As published now");
}

function publicationList(answer, choose) {
    const rows = answer.body.publications.map((row) =>
        h(
            "li",
            {},
            h(
                "button",
                { type: "button", class: "small", onclick: () => choose(row.published_at) },
                formats.instant(row.published_at),
            ),
            ` publication ${row.publication_id}: ${row.from_date} to ${row.to_date}`,
        ),
    );
    return h("ol", { class: "publications" }, rows);
}

function instantForm(address, choose) {
    const input = h("input", {
        type: "datetime-local",
        step: "1",
        id: "instant",
        value: (address.params.published_at ?? "").slice(0, 19),
    });
    const send = (event) => {
        event.preventDefault();
        if (input.value) choose(`${input.value.length === 16 ? `${input.value}:00` : input.value}Z`);
    };
    return h(
        "form",
        { class: "row", onsubmit: send },
        h("label", { for: "instant" }, "Another instant (UTC)"),
        input,
        h("button", { type: "submit", class: "small" }, "Show"),
    );
}

export function periodPicker(address) {
    const buttons = PERIODS.map((period) =>
        h(
            "button",
            {
                type: "button",
                class: "small",
                "aria-pressed": String(period === address.period),
                "data-focus": `period ${period}`,
                onclick: () => go({ period }),
            },
            PERIOD_NAMES[period] ?? period,
        ),
    );
    return h(
        "div",
        { class: "periods", role: "group", "aria-label": "Period" },
        buttons,
        address.period === "custom" && rangeForm(address),
    );
}

function rangeForm({ params }) {
    const first = h("input", { type: "date", id: "from", value: params.from ?? "", "aria-label": "From" });
    const last = h("input", { type: "date", id: "to", value: params.to ?? "", "aria-label": "To" });
    const send = (event) => {
        event.preventDefault();
        go({ period: "custom", from: first.value, to: last.value });
    };
    return h(
        "form",
        { class: "row", onsubmit: send },
        first,
        "to",
        last,
        h("button", { type: "submit", class: "small" }, "Show"),
    );
}
