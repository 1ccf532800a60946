"""Routes of the chat."""
