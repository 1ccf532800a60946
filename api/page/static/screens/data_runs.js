// The runs of the flows, which only administrators may see: read when they are asked for.

import { get } from "../app/api.js";
import { h, replace } from "../app/dom.js";
import { problemNotice } from "../app/notices.js";
import { dataTable, rowsOf, under } from "../figures/table.js";

export function runs() {
    const content = h("div", {}, h("button", { type: "button", class: "small", onclick: read }, "Read the runs"));
    async function read() {
        replace(content, await get("/admin/batch/history?limit=50").then(table, problemNotice));
    }
    return h("section", { class: "card" }, h("h2", {}, "Runs"), content);
}

function table(answer) {
    const field = (name) => under("/runs", name);
    const columns = [
        { title: "Started", at: field("started_at"), kind: "instant" },
        { title: "Kind", at: field("kind"), kind: "text" },
        { title: "Status", at: field("status"), kind: "text" },
        { title: "Phase", at: field("phase"), kind: "text" },
        { title: "Seconds", at: field("elapsed_seconds"), kind: "count" },
        { title: "Publication", at: field("publication_id"), kind: "count" },
        { title: "Error", at: field("error"), kind: "name" },
    ];
    return dataTable({ name: "runs", answer, columns, rows: rowsOf(answer, "/runs") });
}
