"""The chat's own database: conversations, what their answers stand on, memories, feedback and briefings."""
