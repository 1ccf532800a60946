"""A publication that withholds a portfolio of a built warehouse, without a build; taken back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from warehouse.connections import Warehouse

REASON = "A check of the build fails for this portfolio: assert_equity_rolls_forward."

EXCLUDE = """
insert into ops.build_exclusions (publication_id, portfolio_id, from_date, tests, reason)
values (%s, %s, %s, array['assert_equity_rolls_forward'], %s)
"""


@contextmanager
def withholding(warehouse: Warehouse, portfolio_id: str, *, last: date, missing: date) -> Iterator[int]:
    """The number of the publication. last: the portfolio's last session, missing: the one that it lacks."""
    with warehouse.connect_writer(autocommit=True) as writer:
        row = writer.execute("select max(publication_id) + 1 from ops.publications").fetchone()
        assert row is not None
        number = int(row[0])
        writer.execute(EXCLUDE, (number, portfolio_id, missing, REASON))
        writer.execute("select ops.publish(%s, %s, %s, now(), null, null, 1, 0)", (number, missing, last))
        writer.execute("update ops.quarantines set last_date = %s where publication_id = %s", (last, number))
        try:
            yield number
        finally:
            for table in ("build_exclusions", "quarantines", "publication_loads", "publications"):
                writer.execute(f"delete from ops.{table} where publication_id = %s".encode(), (number,))
