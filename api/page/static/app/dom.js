// Elements from code: h("p", { class: "note" }, "text"). Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function h(name, attributes = {}, ...children) {
    return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child || child === 0));
    return node;
}

// Put these nodes in place of the children of target. What had the focus has it again, if it is still there.
export function replace(target, ...nodes) {
    const focused = document.activeElement;
    const key = target.contains(focused) && focused.dataset ? focused.dataset.focus : undefined;
    target.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
    if (key) target.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
