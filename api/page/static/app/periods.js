// The chosen period for the API: as its first day, or by its name. The API names the sessions in it.

// period: see address.js. Null: since inception.
export function firstDay(period, session, params = {}) {
    if (period === "custom") return params.from || null;
    if (period === "ITD" || !session) return null;
    const [year, month, day] = session.split("-").map(Number);
    const first = {
        "1D": [year, month, day],
        "1W": [year, month, day - 6],
        MTD: [year, month, 1],
        QTD: [year, month - ((month - 1) % 3), 1],
        YTD: [year, 1, 1],
        "1Y": [year - 1, month, day + 1],
    }[period];
    return new Date(Date.UTC(first[0], first[1] - 1, first[2])).toISOString().slice(0, 10);
}

// The parameters of what the API explains over a period, such as attribution.
export function periodQuery({ period, params }, more = {}) {
    const { from, to } = params;
    const isRange = period === "custom" && (from || to);
    const range = isRange ? { ...(from && { from }), ...(to && { to }) } : { period: period === "custom" ? "ITD" : period };
    return new URLSearchParams({ ...range, ...more });
}
