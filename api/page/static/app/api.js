// Answers of the API. Each is kept under its path, and asked for again with its ETag: what has not changed is the
// same object as before, so that nothing is drawn twice.

import { accessToken, anotherToken, API } from "./session.js";
import { outOfReach, problemOf } from "./problem.js";

const LONGEST_PAUSE = 10; // seconds that a refused request waits to be repeated

const kept = new Map();

// An answer: { path, text, etag, body, asOf, publication, withheld }. Rejects with a Problem.
export async function get(path) {
    const response = await request("GET", path);
    const etag = response.headers.get("ETag");
    const before = kept.get(path);
    if (before && etag && before.etag === etag) return before;
    const text = await response.text();
    if (before && before.text === text) return before;
    const answer = answerOf(path, response, text);
    kept.set(path, { ...answer, etag });
    return kept.get(path);
}

// The answer to a POST that writes nothing; it is not kept.
export async function post(path, body) {
    const response = await request("POST", path, { body });
    return { method: "POST", ...answerOf(path, response, await response.text()) };
}

function answerOf(path, response, text) {
    return {
        path,
        text,
        body: JSON.parse(text),
        asOf: response.headers.get("X-As-Of-Date"),
        publication: response.headers.get("X-Publication-Id"),
        withheld: response.headers.get("X-Withheld-Portfolios")?.split(",") ?? [],
    };
}

// Several answers by name; a Problem in the place of one that failed.
export async function getAll(paths) {
    const pairs = Object.entries(paths).map(async ([name, path]) => [
        name,
        await get(path).catch((problem) => problem),
    ]);
    return Object.fromEntries(await Promise.all(pairs));
}

// A response of any method, with a token that is renewed once if it was refused. A request too many is repeated once.
export async function request(method, path, { body, signal, accept, isRepeated = false } = {}) {
    let token = await accessToken();
    let response = await send(method, path, token, { body, signal, accept });
    if (response.status === 401) {
        token = await anotherToken(token);
        response = await send(method, path, token, { body, signal, accept });
    }
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (!isSoonAccepted(problem) || isRepeated) throw problem;
    await pause(1000 * problem.retryAfter, signal);
    return request(method, path, { body, signal, accept, isRepeated: true });
}

// Whether a request was refused only because too many came before it, and will be accepted in a moment.
function isSoonAccepted({ code, retryAfter }) {
    return code === "request_limit_reached" && retryAfter <= LONGEST_PAUSE;
}

function pause(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        setTimeout(resolve, milliseconds);
    });
}

export function forgetAnswers() {
    kept.clear();
}

async function send(method, path, token, { body, signal, accept }) {
    const headers = { Authorization: `Bearer ${token}` };
    if (body) headers["Content-Type"] = "application/json";
    if (accept) headers.Accept = accept;
    try {
        // no-cache: the browser sends the ETag along, and a 304 costs no body
        return await fetch(API + path, {
            method,
            headers,
            signal,
            cache: "no-cache",
            body: body && JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw outOfReach();
    }
}

// The path with the dates of the address as the API's parameters.
export function dated(path, { params }) {
    const dates = new URLSearchParams();
    if (params.as_of) dates.set("as_of_date", params.as_of);
    if (params.published_at) dates.set("published_at", params.published_at);
    if (!dates.size) return path;
    return `${path}${path.includes("?") ? "&" : "?"}${dates}`;
}
