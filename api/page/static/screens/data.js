// Data: how complete the histories are, what was restated, what was published, and for administrators the runs.

import { addressOf } from "../app/address.js";
import { h } from "../app/dom.js";
import { part } from "../app/notices.js";
import { Problem } from "../app/problem.js";
import { dataTable, rowsOf, under } from "../figures/table.js";
import { tile } from "../figures/tiles.js";
import { runs } from "./data_runs.js";

const QUALITY = "fct_data_quality";

export const data = {
    name: "data",
    title: "Data",
    requests: ({ portfolio }) => ({
        quality: `/data/portfolio/${portfolio}/data-quality`,
        publications: "/publications?limit=50",
        health: "/health",
        me: "/auth/me",
    }),
    draw: ({ quality, publications, restatements, health, me }, address) => [
        part(quality, summary),
        part(quality, recommendations),
        part(restatements, restated),
        h("div", { class: "columns" }, part(quality, histories), part(quality, feasibility)),
        part(publications, (answer) => published(answer, address)),
        part(health, freshness),
        me instanceof Problem || !me.body.is_admin ? null : runs(),
    ],
};

function card(title, ...content) {
    return h("section", { class: "card" }, h("h2", {}, title), content);
}

function summary(answer) {
    const one = (label, name, kind = "count") => tile(answer, label, `/summary/${name}`, kind, { mart: QUALITY });
    return h(
        "section",
        { class: "tiles", "aria-label": "Quality of the data" },
        one("Quality score", "quality_score", "ratio"),
        one("Coverage", "data_coverage_percent", "percent"),
        one("Positions", "total_positions"),
        one("Complete", "complete_data"),
        one("Partial", "partial_data"),
        one("Insufficient", "insufficient_data"),
    );
}

function recommendations({ body }) {
    if (!body.recommendations.length) return null;
    return card(
        "What would improve it",
        h(
            "ul",
            {},
            body.recommendations.map((text) => h("li", {}, text)),
        ),
    );
}

function restated(answer) {
    const field = (name) => under("/restatements", name);
    const columns = [
        { title: "Session", at: field("as_of_date"), kind: "date" },
        { title: "Mart", at: field("mart"), kind: "name" },
        { title: "Figure", at: field("column_name"), kind: "text" },
        { title: "Row", at: field("key"), kind: "name" },
        { title: "Was", at: field("old_value"), kind: "name" },
        { title: "Is", at: field("new_value"), kind: "name" },
        { title: "Since", at: field("published_at"), kind: "instant" },
        { title: "Publication", at: field("publication_id"), kind: "count", mart: "fct_restatements" },
    ];
    const rows = rowsOf(answer, "/restatements");
    const cut =
        answer.body.truncated &&
        h("p", { class: "notice" }, `The newest ${answer.body.limit}; GET /restatements has the others.`);
    return card(
        "Restated figures",
        rows.length
            ? [cut, dataTable({ name: "restatements", answer, columns, rows, search: true })]
            : h("p", {}, "No published figure of this portfolio was changed."),
    );
}

const LISTS = ["insufficient_data", "partial_history", "complete_history"];

function histories(answer) {
    const places = LISTS.flatMap((list) =>
        rowsOf(answer, `/position_data_quality/${list}`).map((row) => `/position_data_quality/${list}/${row}`),
    );
    const field = (name) => (row) => `${places[row]}/${name}`;
    const columns = [
        { title: "Symbol", at: field("symbol"), kind: "name" },
        { title: "Sessions", at: field("days_available"), kind: "count", mart: QUALITY },
        { title: "History", at: field("flag"), kind: "text" },
        { title: "Why not used", at: field("reason"), kind: "text" },
    ];
    return card(
        `Price histories, last ${answer.body.window_days} sessions`,
        dataTable({ name: "price histories", answer, columns, rows: places.map((_, row) => row), search: true }),
    );
}

function feasibility(answer) {
    const names = Object.keys(answer.body.calculation_feasibility);
    const field = (name) => (row) => `/calculation_feasibility/${names[row]}/${name}`;
    const columns = [
        { title: "Analysis", draw: (row) => names[row].replaceAll("_", " ") },
        { title: "Feasible", at: field("feasible"), kind: "flag" },
        { title: "Positions used", at: field("positions_eligible"), kind: "count", mart: QUALITY },
        { title: "Left out", at: field("positions_excluded"), kind: "count", mart: QUALITY },
    ];
    return card(
        "What could be computed",
        dataTable({ name: "feasibility", answer, columns, rows: names.map((_, row) => row) }),
    );
}

function published(answer, address) {
    const field = (name) => under("/publications", name);
    const then = (row) => addressOf(address, { published_at: answer.body.publications[row].published_at });
    const columns = [
        { title: "Published", at: field("published_at"), kind: "instant", link: then },
        { title: "Publication", at: field("publication_id"), kind: "count", mart: "fct_publications.publication_id" },
        { title: "From", at: field("from_date"), kind: "date" },
        { title: "To", at: field("to_date"), kind: "date" },
        { title: "Tests passed", at: field("tests_passed"), kind: "count", mart: "fct_publications.tests_passed" },
        { title: "Warnings", at: field("tests_warned"), kind: "count", mart: "fct_publications.tests_warned" },
        { title: "Revision", at: field("git_revision"), kind: "name" },
    ];
    return card(
        "Publications",
        dataTable({ name: "publications", answer, columns, rows: rowsOf(answer, "/publications") }),
    );
}

function freshness({ body }) {
    return card("Now", h("p", {}, body.message), h("p", { class: "soft" }, `Version ${body.version}.`));
}
