// Markdown as elements: headings, lists, tables, code, emphasis. No HTML, no images and no links come out of it,
// whatever goes in: every piece of text is a text node.

import { h } from "../app/dom.js";

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|!?\[([^\]]*)\]\([^)]*\)/g;

// plain: makes nodes of a piece of text without markup.
export function markdown(text, plain = (piece) => [piece]) {
    const lines = text.replaceAll("\r\n", "\n").split("\n");
    const blocks = [];
    while (lines.length) blocks.push(block(lines, plain));
    return blocks.filter(Boolean);
}

// Takes the lines of the next block from the front.
function block(lines, plain) {
    const line = lines[0];
    if (!line.trim()) return void lines.shift();
    if (line.startsWith("```")) return code(lines);
    if (/^#{1,6}\s/.test(line)) return h("h3", {}, inline(lines.shift().replace(/^#+\s+/, ""), plain));
    if (isRow(line) && /^\s*\|?[\s:|-]+\|?\s*$/.test(lines[1] ?? "")) return table(lines, plain);
    if (/^\s*[-*+]\s/.test(line)) return list("ul", /^\s*[-*+]\s+/, lines, plain);
    if (/^\s*\d+[.)]\s/.test(line)) return list("ol", /^\s*\d+[.)]\s+/, lines, plain);
    return paragraph(lines, plain);
}

function code(lines) {
    lines.shift();
    const content = take(lines, (line) => !line.startsWith("```"));
    lines.shift();
    return h("pre", { tabindex: "0" }, content.join("\n"));
}

function list(name, mark, lines, plain) {
    const items = take(lines, (line) => mark.test(line));
    return h(
        name,
        {},
        items.map((item) => h("li", {}, inline(item.replace(mark, ""), plain))),
    );
}

function table(lines, plain) {
    const rows = take(lines, isRow).map((line) =>
        line
            .trim()
            .replace(/^\||\|$/g, "")
            .split("|")
            .map((cell) => cell.trim()),
    );
    const [heads, , ...others] = rows;
    const row = (cells, name) =>
        h(
            "tr",
            {},
            cells.map((cell) => h(name, {}, inline(cell, plain))),
        );
    return h(
        "table",
        {},
        h("thead", {}, row(heads, "th")),
        h(
            "tbody",
            {},
            others.map((cells) => row(cells, "td")),
        ),
    );
}

function paragraph(lines, plain) {
    const first = lines.shift();
    const rest = take(
        lines,
        (line) => line.trim() && !/^(#{1,6}\s|```|\s*[-*+]\s|\s*\d+[.)]\s)/.test(line) && !isRow(line),
    );
    return h("p", {}, inline([first, ...rest].join(" "), plain));
}

function isRow(line) {
    return line.trim().startsWith("|");
}

function take(lines, belongs) {
    const found = [];
    while (lines.length && belongs(lines[0])) found.push(lines.shift());
    return found;
}

function inline(text, plain) {
    const nodes = [];
    let from = 0;
    for (const found of text.matchAll(INLINE)) {
        nodes.push(...plain(text.slice(from, found.index)), marked(found, plain));
        from = found.index + found[0].length;
    }
    return [...nodes, ...plain(text.slice(from))];
}

// Of a link or an image, the words stay.
function marked([all, isCode, isStrong, isEmphasis, words], plain) {
    if (isCode) return h("code", {}, plain(all.slice(1, -1)));
    if (isStrong) return h("strong", {}, plain(all.slice(2, -2)));
    if (isEmphasis) return h("em", {}, plain(all.slice(1, -1)));
    return h("span", {}, plain(words));
}
