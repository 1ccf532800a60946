// The trades of a what-if: what is held by symbol, the edited quantities in the address, and the differences.

const DIGITS = 6; // of a quantity

// Symbol -> { symbol, rows: of its lots in the answer, quantity: of all, isPrivate, isContract }.
export function heldSymbols(positions) {
    const held = new Map();
    positions.forEach(({ symbol, quantity, investment_class: kind }, row) => {
        const found = held.get(symbol) ?? { symbol, rows: [], quantity: 0 };
        found.rows.push(row);
        found.quantity = rounded(found.quantity + quantity);
        found.isPrivate = kind === "PRIVATE";
        found.isContract = kind === "OPTIONS";
        held.set(symbol, found);
    });
    return held;
}

// Symbol -> edited quantity, from the address, which may come from anywhere.
export function readEdits(text) {
    try {
        const found = Object.entries(JSON.parse(text ?? "{}"));
        return new Map(found.map(([symbol, quantity]) => [symbol, String(quantity)]));
    } catch {
        return new Map();
    }
}

// What was edited, for the address; null if nothing was.
export function writeEdits(lines, held) {
    const edited = lines.filter((line) => line.symbol() && isEdited(line, held));
    if (!edited.length) return null;
    return JSON.stringify(Object.fromEntries(edited.map((line) => [line.symbol(), line.quantity().trim()])));
}

// The trades that the lines ask for, and the lines that say nothing clear.
export function tradesOf(lines, held) {
    const trades = [];
    const unclear = [];
    for (const line of lines.filter((one) => isEdited(one, held))) {
        const after = Number(line.quantity().trim() || Number.NaN);
        const before = held.get(line.symbol())?.quantity ?? 0;
        if (!line.symbol()) unclear.push({ line, sentence: "Name the symbol." });
        else if (!Number.isFinite(after)) unclear.push({ line, sentence: "Give the quantity as a number." });
        else trades.push({ [line.isContract ? "contract" : "symbol"]: line.symbol(), ...sized(before, after) });
    }
    return { trades, unclear };
}

function sized(before, after) {
    return after === 0 && before !== 0 ? { close: true } : { quantity: rounded(after - before) };
}

// A line without any entry asks for nothing.
function isEdited(line, held) {
    const before = held.get(line.symbol())?.quantity;
    const text = line.quantity().trim();
    if (before === undefined) return Boolean(line.symbol() || text);
    return text !== "" && Number(text) !== before;
}

function rounded(quantity) {
    return Number(quantity.toFixed(DIGITS));
}
