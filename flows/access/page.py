"""The table of grants in docs/security.md: read here, and written by `python -m flows.access.page`."""

from pathlib import Path
from typing import Final

from flows.access.grants import Grant, differences, read_access, read_table, table_of
from flows.errors import UsageError
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import is_checkout, project_root

BEGIN: Final = "<!-- grants: written by python -m flows.access.page -->\n"
END: Final = "<!-- end of grants -->"


def page_file() -> Path:
    """The page, which a wheel carries among the documents of the chat."""
    folder = project_root() if is_checkout() else project_root() / "api/chat/documents/pages"
    return folder / "docs" / "security.md"


def expected_grants() -> frozenset[Grant]:
    """The grants on the page."""
    return read_table(_parts(page_file().read_text())[1])


def check_grants(warehouse: Warehouse) -> list[str]:
    """A sentence about each difference between the databases and the page."""
    return differences(read_access(warehouse), expected_grants())


def write_table(warehouse: Warehouse) -> None:
    """Write the grants of this warehouse, which has been built and whose chat was used, into the page."""
    if not is_checkout():
        raise UsageError("The page is written in a checkout only.")
    before, _, after = _parts(page_file().read_text())
    page_file().write_text(f"{before}{table_of(read_access(warehouse).grants)}\n{after}")


def _parts(text: str) -> tuple[str, str, str]:
    """What is before the table, the table, and what is after it."""
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:begin], text[begin:end], text[end:]


if __name__ == "__main__":
    write_table(open_warehouse())
