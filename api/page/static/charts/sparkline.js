// A line of the size of a word.

import { svg } from "../app/dom.js";
import { extent, linear } from "./scale.js";

const WIDTH = 96;
const HEIGHT = 24;

export function sparkline(values, label) {
    const known = values.map((value, row) => [value, row]).filter(([value]) => value !== null && value !== undefined);
    const x = linear([0, Math.max(1, values.length - 1)], [1, WIDTH - 1]);
    const y = linear(extent(values), [HEIGHT - 1, 1]);
    const points = known.map(([value, row]) => `${x(row).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    return svg("svg", { class: "sparkline", width: WIDTH, height: HEIGHT, role: "img", "aria-label": label }, svg("polyline", { class: "line tone-1", points }));
}
