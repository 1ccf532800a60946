// A line without axes, beside the figure that it leads to.

import { svg } from "../app/dom.js";
import { linePath } from "./path.js";
import { extent, linear } from "./scale.js";

const WIDTH = 110;
const HEIGHT = 24;

export function sparkline(values, label) {
    const x = linear([0, Math.max(1, values.length - 1)], [1, WIDTH - 1]);
    const y = linear(extent(values), [HEIGHT - 1, 1]);
    return svg(
        "svg",
        {
            width: WIDTH,
            height: HEIGHT,
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
            role: "img",
            "aria-label": label,
            class: "sparkline",
        },
        svg("path", { class: "line tone-1", d: linePath(values, x, y) }),
    );
}
