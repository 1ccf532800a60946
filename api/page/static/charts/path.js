// A line, with a gap where a value is not known.
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
