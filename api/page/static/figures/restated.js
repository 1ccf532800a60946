// Figures of the portfolio on screen that were published with another value before: GET /restatements.

let rows = new Map();
let portfolio = null;

export function rememberRestatements(answer, portfolioId) {
    portfolio = portfolioId;
    rows = new Map();
    for (const row of answer?.body?.restatements ?? []) {
        const name = `${row.mart}.${row.column_name} ${row.as_of_date} ${row.key}`;
        if (!rows.has(name)) rows.set(name, row); // the newest change comes first
    }
}

// The last change of this column of the session's row with this key (default: the portfolio's own row). Without a
// session: none, as the figure is no row's own.
export function restatementOf(mart, session, key = portfolio) {
    return mart && session ? (rows.get(`${mart} ${session} ${key}`) ?? null) : null;
}
