"""Free space for a build: a full disk would stop the embedded server, and with it every reader."""

import shutil

from flows.database import Connection, row
from flows.errors import DiskSpaceError
from flows.pipeline.window import Window
from warehouse.connections import Warehouse

# Bytes and sessions of what is published, bytes of the raw data, portfolios, and sessions to build.
SIZES = """
select
    sum(pg_total_relation_size(classes.oid)) filter (where schemas.nspname = 'published')::bigint,
    (select count(*) from ops.publication_dates),
    sum(pg_total_relation_size(classes.oid)) filter (where schemas.nspname = 'raw')::bigint,
    (select count(distinct portfolio_id) from raw.portfolios),
    (
        select count(*) from raw.newest_calendar_days
        where is_session and calendar_date between %(from_date)s and %(to_date)s
    )
from pg_catalog.pg_class as classes
join pg_catalog.pg_namespace as schemas on classes.relnamespace = schemas.oid
where classes.relkind in ('r', 'm') and schemas.nspname in ('raw', 'published')
"""

RESERVE = 256_000_000  # bytes that stay free for readers' sorts and the server's own files
# Measured on the demo, rounded up: a build of 502 sessions added 148 MB of marts, 151 MB to the database and
# 190 MB to its log; 7 MB of raw data make 140 MB of marts.
WRITTEN_PER_BYTE = 2.5
MARTS_PER_RAW_BYTE = 20


def check_space(warehouse: Warehouse, connection: Connection, window: Window) -> None:
    """Raise DiskSpaceError if the embedded server's disk has less space than the build probably writes.

    On a server of DATABASE_URL nothing is checked: its disk is not visible from here.
    """
    if not warehouse.is_embedded:
        return
    needed = estimated_bytes(connection, window)
    folder = warehouse.settings.warehouse_folder
    free = shutil.disk_usage(folder / "pgdata").free
    if free < needed:
        raise DiskSpaceError(
            f"The build of {window.from_date} to {window.to_date} needs about {needed / 1e6:,.0f} MB, and "
            f"the disk of {folder} has {free / 1e6:,.0f} MB left: free some space and run the command again. "
            "Nothing was changed; readers go on."
        )


def estimated_bytes(connection: Connection, window: Window) -> int:
    """Bytes that a build probably writes, by the size of the sessions published so far, and a reserve."""
    market_from = window.market_from_date
    asked = {"from_date": market_from or window.from_date, "to_date": window.to_date}
    published, dates, raw, portfolios, to_build = row(connection, SIZES, asked)
    share = 1.0 if market_from else len(window.portfolios) / max(portfolios, 1)
    marts = published / dates * to_build * share if dates else MARTS_PER_RAW_BYTE * raw
    return RESERVE + int(WRITTEN_PER_BYTE * marts)
