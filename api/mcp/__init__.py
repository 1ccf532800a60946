"""The chat's tools for other assistants, by the Model Context Protocol: over stdio and over HTTP."""
