"""The extension pgvector: the type of outcome vectors, and of the chat's embeddings.

It lives in the schema public. Only a superuser, or the administrator of a managed server, may create it.
"""

import logging

import psycopg
from psycopg.rows import TupleRow

from warehouse.errors import BootstrapError

logger = logging.getLogger(__name__)

Connection = psycopg.Connection[TupleRow]

SCHEMA = "public"

WHERE = """
select extnamespace::regnamespace::text from pg_catalog.pg_extension where extname = 'vector'
"""


def require_vector(administrator: Connection) -> None:
    """Create the extension in this database unless it is there. Raises BootstrapError, saying what to do."""
    found = administrator.execute(WHERE).fetchone()
    try:
        if found is None:
            create_vector(administrator)
        elif found[0] != SCHEMA:
            administrator.execute(f"alter extension vector set schema {SCHEMA}")
    except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
        raise BootstrapError(
            f"The database {administrator.info.dbname} needs the extension vector (pgvector) in the schema "
            f"{SCHEMA} ({error.diag.message_primary}): install pgvector on the server, and let an "
            f"administrator run `create extension vector schema {SCHEMA}` in this database."
        ) from error


def create_vector(administrator: Connection) -> None:
    """Create the extension in this database, unless another process does so at the same time."""
    try:
        administrator.execute(f"create extension if not exists vector schema {SCHEMA}")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        logger.debug("Another process created the extension vector at the same time")
