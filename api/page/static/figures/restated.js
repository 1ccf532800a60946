// Figures of the portfolio on screen that were published with another value before: GET /restatements.

let rows = new Map();
let portfolio = null;

export function rememberRestatements(answer, portfolioId) {
    portfolio = portfolioId;
    rows = new Map();
    for (const row of answer?.body?.restatements ?? []) {
        const name = `${row.mart}.${row.column_name} ${row.key}`;
        if (!rows.has(name)) rows.set(name, row); // the newest change comes first
    }
}

// The last change of this column of the row with this key (default: the portfolio's own row).
export function restatementOf(mart, key = portfolio) {
    return mart ? (rows.get(`${mart} ${key}`) ?? null) : null;
}
