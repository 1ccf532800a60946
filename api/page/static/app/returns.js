// The returns of a portfolio over the chosen period: GET /analytics/portfolio/{id}/returns.

import { firstDay } from "./periods.js";

export const RETURNS = "fct_returns_by_period";

// session: the last one of the period.
export function returnsPath({ portfolio, period, params }, session) {
    const range = new URLSearchParams({ include_series: "true" });
    const from = firstDay(period, session, params);
    if (from) range.set("from", from);
    if (period === "custom" && params.to) range.set("to", params.to);
    return `/analytics/portfolio/${portfolio}/returns?${range}`;
}

// The number of the period's row in the answer.
export function periodRow({ body }, { period }) {
    const row = body.periods.findIndex(({ period: name }) => name === period);
    return row < 0 ? body.periods.findIndex(({ period: name }) => name === "ITD") : row;
}
