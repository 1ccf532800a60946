// What a figure means: its exact value, the definition of its column, the SQL of its mart, and its publication.

import { get } from "../app/api.js";
import { openDialog } from "../app/dialog.js";
import { h, replace } from "../app/dom.js";
import { formats, units } from "./format.js";

// mart: "fct_x.column", or "fct_x" where a field is none of its columns.
export async function openDefinition({ answer, pointer, value, kind, mart, label, before }) {
    const facts = h(
        "dl",
        { class: "facts" },
        fact("Value", h("code", {}, String(value))),
        fact("Unit", units[kind] ?? kind),
        fact("As of", answer.asOf ?? "now"),
        fact("Field", h("code", {}, `${answer.method ?? "GET"} ${answer.path}`), " ", h("code", {}, pointer)),
        before && fact("Restated", history(before, kind)),
    );
    const publication = h("div", { "aria-live": "polite" });
    const lineage = h("div", { "aria-live": "polite" }, h("p", { class: "soft" }, "Reading the definition …"));
    openDialog(label || nameOf(pointer), facts, publication, lineage);
    replace(publication, await publicationOf(answer));
    replace(lineage, await definitionOf(mart));
}

function fact(term, ...definition) {
    return [h("dt", {}, term), h("dd", {}, definition)];
}

function nameOf(pointer) {
    const words = pointer.split("/").filter((word) => word && Number.isNaN(Number(word)));
    return formats.text(words.slice(-2).join(": "));
}

function history(before, kind) {
    const since = `publication ${before.publication_id} of ${formats.instant(before.published_at)}`;
    return `${before.old_value ?? "not known"} before ${since}`;
}

async function publicationOf(answer) {
    if (!answer.publication) return null;
    try {
        const { body } = await get("/publications?limit=500");
        const found = body.publications.find((row) => String(row.publication_id) === answer.publication);
        const facts = [fact("Publication", answer.publication)];
        if (found) {
            facts.push(
                fact("Published", formats.instant(found.published_at)),
                fact("From data known", formats.instant(found.known_at)),
                fact("Tests passed", `${found.tests_passed}, with ${found.tests_warned} warnings`),
                fact("Revision", h("code", {}, found.git_revision ?? "not known")),
            );
        }
        return h("dl", { class: "facts" }, facts);
    } catch (problem) {
        return h("p", { class: "soft" }, `Publication ${answer.publication}. ${problem.message}`);
    }
}

async function definitionOf(mart) {
    if (!mart) return h("p", { class: "soft" }, "This field describes the answer itself; no mart is behind it.");
    const [name, column] = mart.split(".");
    try {
        const { body } = await get(`/lineage/${name}`);
        const found = body.columns.find((candidate) => candidate.name === column);
        return [
            h("h3", {}, found ? `${name}.${found.name}` : name),
            h("p", {}, found ? found.description : body.description),
            found && h("p", { class: "soft" }, `Unit: ${found.unit ?? "none"}. ${body.description}`),
            statement(`SQL of ${name}`, body.compiled_sql ?? body.raw_sql),
            ...body.upstream
                .slice(0, 40)
                .map((node) =>
                    statement(`${node.layer}.${node.name}`, node.compiled_sql ?? node.raw_sql, node.description),
                ),
        ];
    } catch (problem) {
        return h("p", { class: "notice" }, problem.message);
    }
}

function statement(title, sql, description) {
    if (!sql) return h("p", { class: "soft" }, `${title}: loaded rows. ${description ?? ""}`);
    return h(
        "details",
        {},
        h("summary", {}, title),
        description && h("p", {}, description),
        h("pre", { tabindex: "0" }, sql.trim()),
    );
}
