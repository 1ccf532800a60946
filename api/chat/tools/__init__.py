"""The tools of the chat, of the briefings and of the MCP server: all that a model can do."""
