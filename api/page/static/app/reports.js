// The report of a portfolio as a file: GET /reports/{id}, of the dates on screen.

import { dated, request } from "./api.js";
import { saveFile } from "../figures/csv.js";
import { h } from "./dom.js";

const FORMATS = { pdf: "PDF", html: "HTML", md: "Markdown", json: "JSON", csv: "CSV files" };
const ENDINGS = { csv: "zip" };

export function reportMenu(address, session) {
    const problem = h("p", { class: "notice alarm", role: "alert", hidden: true });
    async function save(format) {
        problem.hidden = true;
        try {
            const path = dated(`/reports/${address.portfolio}?format=${format}`, address);
            const response = await request("GET", path, { accept: "*/*" });
            saveFile(`portfolio_report_${session}.${ENDINGS[format] ?? format}`, await response.blob());
        } catch (error) {
            problem.textContent = error.message;
            problem.hidden = false;
        }
    }
    const buttons = Object.entries(FORMATS).map(([format, name]) =>
        h("button", { type: "button", class: "plain", onclick: () => save(format) }, name),
    );
    return h("details", { class: "menu" }, h("summary", {}, "Report"), h("div", {}, buttons, problem));
}
