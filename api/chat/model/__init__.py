"""The model: the vendor's client, retries, and what a streamed response amounts to."""
