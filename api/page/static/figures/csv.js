// CSV (RFC 4180) of a table: the API's exact values, whatever the screen rounds.

// rows: lists of values, the first one the titles.
export function download(name, rows) {
    const text = rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
    saveFile(`${name}.csv`, new Blob([text], { type: "text/csv" }));
}

// Hand a file to the browser's downloads.
export function saveFile(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
}

function cell(value) {
    if (value === null || value === undefined) return "";
    const text = String(value);
    // a spreadsheet would run text that begins like a formula
    const safe = typeof value === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
