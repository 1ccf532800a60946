// The session: the access token in memory, and the refresh token in a cookie that no script can read.

import { recall, remember, whenForgotten } from "./memory.js";
import { outOfReach, problemOf } from "./problem.js";

export const API = new URL("../../../api/v1", import.meta.url).href;
const MARGIN = 5_000; // renew a token this many milliseconds before it expires

let token = null;
let renewAt = 0;
let renewing = null;
let user = null; // whose figures are on screen
let askToSignIn = () => Promise.reject(new Error("no sign-in"));

// ask: shows the sign-in form, and resolves when somebody signed in.
export function signInWith(ask) {
    askToSignIn = ask;
}

export async function signIn(email, password) {
    await keep(await post("/auth/login", { email, password }));
}

export async function signOut(everywhere = false) {
    await post(everywhere ? "/auth/logout-all" : "/auth/logout", undefined, await accessToken());
    forget();
}

// A token that is valid now: the one in memory, a renewed one, or one of a new sign-in.
export async function accessToken() {
    if (token && Date.now() < renewAt) return token;
    return anotherToken(token);
}

// A token in place of one that the API refused. Requests that ask at the same time share the renewal.
export async function anotherToken(refused) {
    if (token && token !== refused) return token;
    renewing ??= renew().finally(() => (renewing = null));
    await renewing;
    return token;
}

// Renewals of several tabs come one after the other: a refresh token works once.
async function renew() {
    if (recall("session")) {
        try {
            await keep(await navigator.locks.request("sigmasight-refresh", () => post("/auth/refresh")));
            return;
        } catch (problem) {
            if (problem.status !== 401) throw problem;
        }
    }
    forget();
    await askToSignIn();
}

// For another user than before the page begins anew: nothing of the first one stays on screen.
function keep(answer) {
    token = answer.access_token;
    renewAt = Date.now() + answer.expires_in * 1000 - MARGIN;
    remember("session", "open");
    const before = user;
    user = userOf(token);
    if (!before || before === user) return undefined;
    location.reload();
    return new Promise(() => {});
}

function userOf(access) {
    return JSON.parse(atob(access.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
}

function forget() {
    token = null;
    remember("session", null);
}

async function post(path, body, bearer) {
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    let response;
    try {
        response = await fetch(API + path, { method: "POST", headers, body: body && JSON.stringify(body) });
    } catch {
        throw outOfReach();
    }
    if (!response.ok) throw await problemOf(response);
    return response.json();
}

// Signed out in another tab: this one asks as well.
whenForgotten("session", () => token && anotherToken(token));
