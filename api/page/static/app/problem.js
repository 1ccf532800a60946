// An answer that is an error: the problem document of the API, or one of the same form for a server out of reach.

export class Problem extends Error {
    constructor({ status, code, detail, title, retry_after, trades }) {
        super(detail || title);
        this.trades = trades; // that were refused
        this.retryAfter = retry_after;
        this.status = status;
        this.code = code;
    }
}

export const outOfReach = () =>
    new Problem({
        status: 0,
        code: "out_of_reach",
        detail: "The server does not answer. The figures shown are the last ones read.",
    });

export async function problemOf(response) {
    try {
        return new Problem(await response.json());
    } catch {
        return new Problem({
            status: response.status,
            code: "unreadable",
            title: `The server answered ${response.status}.`,
        });
    }
}
