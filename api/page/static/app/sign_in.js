// The sign-in form: in place of the page, whose address stays as it is. Who comes next sees no figure before.

import { h } from "./dom.js";
import { forgetAnswers } from "./api.js";
import { signIn } from "./session.js";

// Resolves when somebody signed in.
export function askToSignIn() {
    const page = document.getElementById("page");
    page.hidden = true;
    return new Promise((resolve) => {
        const problem = h("p", { class: "notice alarm", role: "alert", hidden: true });
        const email = h("input", {
            type: "email",
            name: "email",
            autocomplete: "username",
            required: true,
            id: "email",
        });
        const password = h("input", {
            type: "password",
            name: "password",
            autocomplete: "current-password",
            required: true,
            id: "password",
        });
        const submit = h("button", { type: "submit", class: "primary" }, "Sign in");

        async function send(event) {
            event.preventDefault();
            submit.disabled = true;
            try {
                await signIn(email.value, password.value);
                forgetAnswers();
                dialog.remove();
                page.hidden = false;
                resolve();
            } catch (error) {
                problem.hidden = false;
                problem.textContent = error.message;
                password.select();
            }
            submit.disabled = false;
        }

        const form = h(
            "form",
            { onsubmit: send },
            h("h1", {}, "SigmaSight"),
            h("p", { class: "soft" }, "Sign in to see your portfolios."),
            problem,
            h("label", { for: "email" }, "Email"),
            email,
            h("label", { for: "password" }, "Password"),
            password,
            submit,
        );
        const dialog = h(
            "dialog",
            { class: "sign-in", "aria-label": "Sign in", oncancel: (event) => event.preventDefault() },
            form,
        );
        document.body.append(dialog);
        dialog.showModal();
        email.focus();
    });
}
