"""Errors in the log. PostgreSQL quotes a value that it refuses: of its errors only the place is logged."""

import logging
from traceback import format_tb

import psycopg


def log_error(logger: logging.Logger, said: str, error: Exception) -> None:
    """Log an unexpected error with its trace; an error of the database without its text."""
    if isinstance(error, psycopg.Error):
        where = "".join(format_tb(error.__traceback__))
        logger.error("%s: %s, SQLSTATE %s\n%s", said, type(error).__name__, error.sqlstate, where)
    else:
        logger.error("%s", said, exc_info=error)
