"""What the marts mean, in words for a model: read from the yml files that describe them."""
