"""One answer of the chat: the loop between the model and the tools, its limits, its events and its record."""
