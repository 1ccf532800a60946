"""Tax lots: which lots a sale relieves, and wash sales."""
