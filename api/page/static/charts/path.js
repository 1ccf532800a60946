// A line, and the stretches of it that are known.

// With a gap where a value is not known.
export function linePath(line, x, y) {
    let isOpen = false;
    return line.reduce((text, value, row) => {
        if (value === null) {
            isOpen = false;
            return text;
        }
        const step = `${isOpen ? "L" : "M"}${x(row).toFixed(1)} ${y(value).toFixed(1)}`;
        isOpen = true;
        return text + step;
    }, "");
}

// The first and the last row of each stretch without a gap.
export function knownRuns(line) {
    const runs = [];
    line.forEach((value, row) => {
        if (value === null) return;
        if (row > 0 && line[row - 1] !== null && runs.length) runs.at(-1)[1] = row;
        else runs.push([row, row]);
    });
    return runs;
}
