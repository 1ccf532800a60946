"""The template of a positions file, which the command line writes and the API serves."""

from pathlib import Path

POSITIONS_TEMPLATE = Path(__file__).with_name("positions_template.csv")


def positions_template() -> str:
    """The text of the template: rules as comments, the header, a row of each kind. It loads as it is."""
    return POSITIONS_TEMPLATE.read_text(encoding="utf-8")
