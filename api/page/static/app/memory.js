// What this browser remembers of a reader's habits: the period, the theme, that there is a session. No figures.

const PREFIX = "sigmasight.";

export function recall(name, otherwise = null) {
    try {
        return localStorage.getItem(PREFIX + name) ?? otherwise;
    } catch {
        return otherwise; // storage is switched off
    }
}

export function remember(name, value) {
    try {
        if (value === null) localStorage.removeItem(PREFIX + name);
        else localStorage.setItem(PREFIX + name, value);
    } catch {
        // storage is switched off: nothing is remembered
    }
}

// Calls act when another tab forgets this.
export function whenForgotten(name, act) {
    addEventListener("storage", ({ key, newValue }) => {
        if (key === PREFIX + name && newValue === null) act();
    });
}
