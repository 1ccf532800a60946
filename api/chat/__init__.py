"""The chat: answers in words whose every figure comes from a logged query."""
