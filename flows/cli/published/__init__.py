"""Commands that read what is published of a portfolio."""
