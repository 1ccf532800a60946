"""The documents that the chat searches: cut into passages, stored in its database, found by their words and,
where there is an embeddings service, by their meaning.
"""
