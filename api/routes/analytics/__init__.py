"""Paths of the analytics of one portfolio."""
