"""Commands of the chat: asking, reviewing what it stores, evaluating its answers."""
