// The rows of a series that lie in a range of dates.

// dates: ascending texts. Returns the numbers of the rows from `from` to `to`, both included; null means no bound.
export function within(dates, from, to) {
    const rows = [];
    dates.forEach((date, row) => {
        if ((!from || date >= from) && (!to || date <= to)) rows.push(row);
    });
    return rows;
}
