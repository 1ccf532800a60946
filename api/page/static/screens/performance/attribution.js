// Where the return of the period came from: by sector, class or tag against the benchmark, and by factor.

import { go } from "../../app/address.js";
import { h } from "../../app/dom.js";
import { dataTable, rowsOf, under } from "../../figures/table.js";
import { facts } from "../../figures/tiles.js";

const DAILY = "fct_attribution_daily";
const FACTORS = "fct_factor_attribution_daily";
const DIMENSIONS = { sector: "Sector", investment_class: "Class", tag: "Tag" };
const START = "sector";

export const dimensionOf = ({ params }) => (params.dimension in DIMENSIONS ? params.dimension : START);

export function segmentTable(answer, address) {
    return [picker(address), facts(answer, totals(answer)), notes(answer), table(answer)];
}

function picker(address) {
    const now = dimensionOf(address);
    const buttons = Object.entries(DIMENSIONS).map(([name, title]) =>
        h(
            "button",
            {
                type: "button",
                class: "small",
                "aria-pressed": String(name === now),
                "data-focus": `dimension ${name}`,
                onclick: () => go({ dimension: name }),
            },
            title,
        ),
    );
    return h("div", { class: "periods", role: "group", "aria-label": "Attribution by" }, buttons);
}

function totals(answer) {
    const line = (label, name) => [
        label,
        `/totals/${name}`,
        "share",
        { mart: `${DAILY}.${name}`, signed: true, session: null, reason: "/totals/null_reason" },
    ];
    const returned = (label, name) => [
        label,
        `/totals/${name}`,
        "share",
        { mart: `fct_returns_by_period.${name}`, signed: true, session: null, reasonText: "not known" },
    ];
    const sums = [line("Allocation", "allocation"), line("Selection", "selection")];
    const overlap = answer.body.metadata.dimension === "tag";
    return [
        returned("Return", "time_weighted"),
        returned(answer.body.metadata.benchmark_symbol ?? "Benchmark", "benchmark"),
        returned("Excess", "excess"),
        ...(overlap ? [] : sums),
    ];
}

function notes({ body }) {
    const words =
        body.metadata.dimension === "tag"
            ? "Tags may overlap, so their contributions do not add up. Each is compared with the whole benchmark."
            : "Contributions add up to the return, effects to the excess: allocation is of other weights, selection of other positions.";
    return h("p", { class: "soft" }, words);
}

function table(answer) {
    const field = (name) => under("/segments", name);
    const share = (title, name, options) => ({
        title,
        at: field(name),
        kind: "share",
        mart: `${DAILY}.${name}`,
        session: () => null, // of the range
        reason: field("null_reason"),
        ...options,
    });
    const columns = [
        { title: DIMENSIONS[answer.body.metadata.dimension], at: field("segment"), kind: "name" },
        share("Weight", "portfolio_weight"),
        share("In the benchmark", "benchmark_weight"),
        share("Contribution", "contribution", { signed: true }),
        share("Its return there", "benchmark_return", { signed: true }),
        share("Allocation", "allocation", { signed: true }),
        share("Selection", "selection", { signed: true }),
        share("Effect", "effect", { signed: true }),
    ];
    return dataTable({ name: "attribution", answer, columns, rows: rowsOf(answer, "/segments") });
}

export function factorTable(answer) {
    const field = (name) => under("/factors", name);
    const figure = (title, name, kind, options) => ({
        title,
        at: field(name),
        kind,
        mart: `${FACTORS}.${name}`,
        session: () => null, // of the range
        reason: field("null_reason"),
        ...options,
    });
    const columns = [
        { title: "Factor", at: field("name"), kind: "name" },
        figure("Average exposure", "beta", "beta", { reasonText: "it has none" }),
        figure("Contribution", "contribution", "share", { signed: true }),
        figure("Known", "coverage", "share"),
    ];
    return [
        h(
            "p",
            { class: "soft" },
            "Exposures of each close before times the moves of the factors. Specific is what they leave; all add up to the return.",
        ),
        dataTable({ name: "factor attribution", answer, columns, rows: rowsOf(answer, "/factors") }),
    ];
}
