// How values are written: rounded for display only, with a true minus sign. `signed` puts a plus before gains.

const numbers = (options) => {
    const plain = new Intl.NumberFormat("en-US", { ...options, signDisplay: "negative" }); // no minus before a zero
    const signed = new Intl.NumberFormat("en-US", { ...options, signDisplay: "exceptZero" });
    return (value, isSigned) => (isSigned ? signed : plain).format(value).replace("-", "\u2212");
};
const digits = (least, most = least) => numbers({ minimumFractionDigits: least, maximumFractionDigits: most });
const percent = numbers({ style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 });

const whole = digits(0);
const cents = digits(2);
const instants = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export const formats = {
    usd: whole,
    price: cents,
    share: percent, // a decimal: 0.094 is 9.40 %
    percent: (value, isSigned) => `${cents(value, isSigned)}%`, // already percent: 9.4 is 9.40 %
    ratio: digits(2),
    beta: digits(2),
    greek: digits(4),
    correlation: digits(2),
    probability: digits(3),
    count: whole,
    quantity: digits(0, 4),
    days: (value) => (value > 0 && value < 0.01 ? "< 0.01" : cents(value)),
    date: (value) => value,
    instant: (value) => `${instants.format(new Date(value))} UTC`,
    text: (value) => String(value).replaceAll("_", " "),
    name: String,
    sentence: String,
    flag: (value) => (value ? "yes" : "no"),
};

export const units = {
    usd: "USD",
    price: "USD",
    share: "decimal, shown in %",
    percent: "%",
    ratio: "ratio",
    beta: "beta",
    greek: "",
    correlation: "correlation",
    probability: "probability",
    count: "count",
    quantity: "units",
    days: "sessions",
};

const TEXTS = new Set(["date", "instant", "text", "name", "sentence", "flag"]);

export function isNumber(kind) {
    return kind !== undefined && !TEXTS.has(kind);
}

// gain, loss or nothing, for the colour of a signed figure.
export function direction(value) {
    if (value > 0) return "gain";
    return value < 0 ? "loss" : "";
}
