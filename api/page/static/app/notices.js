// What must be said in plain sight: problems, simulated prices, figures that do not cover everything, an empty page.

import { h } from "./dom.js";
import { figure } from "../figures/figure.js";
import { Problem } from "./problem.js";

// What draw makes of an answer, or the problem in its place.
export function part(answer, draw) {
    return answer instanceof Problem ? problemNotice(answer) : draw(answer);
}

export function problemNotice(problem) {
    return h("p", { class: "notice alarm", role: "alert" }, problem.message);
}

// How much of the portfolio an answer covers, where that is not all of it. Without equity there is no share of it.
export function coverage(answer) {
    const quality = answer.body.data_quality;
    if (!quality || quality.coverage_of_equity === 1) return null;
    const share = quality.coverage_of_equity ?? null;
    const field = { mart: undefined, label: "Share of equity that is measured" };
    return h(
        "p",
        { class: "notice" },
        share === null
            ? "Equity is not positive: nothing is a share of it. "
            : ["Covers ", figure(answer, "/data_quality/coverage_of_equity", "share", field), " of equity. "],
        quality.message,
    );
}

// Whether an answer has figures; if it has none, the reason stands in their place.
export function available(answer, draw) {
    if (answer.body.available === false) {
        return h("p", { class: "notice" }, answer.body.data_quality?.message ?? "There are no figures.");
    }
    return [coverage(answer), draw(answer)];
}

// What to run next, for a reader who has no portfolio yet.
export function emptyState() {
    return h(
        "section",
        { class: "card empty" },
        h("h2", {}, "No portfolio yet"),
        h("p", {}, "Load one from a terminal, beside the server; it appears here once it is built and published."),
        h(
            "pre",
            { tabindex: "0" },
            "sigmasight template mine.csv\nsigmasight load positions mine.csv --portfolio NAME --owner EMAIL\nsigmasight nightly",
        ),
        h(
            "p",
            { class: "soft" },
            "The first line writes a positions file to fill in. A download of your broker works too: see docs/positions_file.md.",
        ),
    );
}
