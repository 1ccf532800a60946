"""Errors of reports, below warehouse.errors.SigmaSightError.

SigmaSightError
├── NotPublishedError      the portfolio is in no publication
└── PdfUnavailableError    the extra for PDF is not installed
"""

from warehouse.errors import SigmaSightError


class NotPublishedError(SigmaSightError):
    """The portfolio is in no publication."""

    def __init__(self) -> None:
        super().__init__(
            "The portfolio is not published yet: `sigmasight nightly` builds and publishes what is loaded."
        )


class PdfUnavailableError(SigmaSightError):
    """The extra for PDF is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Reports as PDF need typst, which is not installed: `pip install 'sigmasight[pdf]'`, "
            "or leave pdf out of the formats."
        )
