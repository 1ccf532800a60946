// The events of a text/event-stream, from the body of a response.

// Calls take(name, data) for each event, in order, until the stream ends.
export async function readEvents(body, take) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let waiting = "";
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        waiting += value.replaceAll("\r\n", "\n");
        const blocks = waiting.split("\n\n");
        waiting = blocks.pop();
        for (const block of blocks) takeBlock(block, take);
    }
}

function takeBlock(block, take) {
    const fields = block.split("\n").map((line) => line.split(/:\s?(.*)/s));
    const name = fields.find(([field]) => field === "event")?.[1];
    const data = fields.filter(([field]) => field === "data").map(([, text]) => text);
    if (name && data.length) take(name, JSON.parse(data.join("\n")));
}
