"""Whether the chat understands: golden questions, scored by the results that answers stand on."""
