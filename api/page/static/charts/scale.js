// From values to positions on the screen, and round values for an axis.

export function linear([low, high], [from, to]) {
    const span = high - low || 1;
    return (value) => from + ((value - low) / span) * (to - from);
}

// About this many round values from low to high.
export function ticks(low, high, count = 5) {
    const rough = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
    const found = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step)
        found.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
    return found;
}

// The row of the value that is nearest.
export function nearest(steps, sought) {
    return steps.reduce(
        (best, step, row) => (Math.abs(step - sought) < Math.abs(steps[best] - sought) ? row : best),
        0,
    );
}

// Lowest and highest of the values that are known, with a margin; zero is included if asked for.
export function extent(values, { margin = 0.05, zero = false } = {}) {
    let [low, high] = zero ? [0, 0] : [Infinity, -Infinity];
    for (const value of values) {
        if (value === null || value === undefined) continue;
        if (value < low) low = value;
        if (value > high) high = value;
    }
    if (low === Infinity) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * margin;
    return [low === 0 && zero ? 0 : low - room, high === 0 && zero ? 0 : high + room];
}
