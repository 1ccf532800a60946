// A field of an answer by its JSON pointer (RFC 6901): "/exposures/gross_exposure".

export function at(body, pointer) {
    let value = body;
    for (const part of pointer.split("/").slice(1)) {
        if (value === null || value === undefined) return undefined;
        value = value[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    }
    return value;
}

// A name as a part of a pointer.
export function part(name) {
    return String(name).replaceAll("~", "~0").replaceAll("/", "~1");
}
