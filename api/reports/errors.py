"""Errors of reports, below warehouse.errors.SigmaSightError.

SigmaSightError
├── NotPublishedError      the portfolio is in no publication
├── NotWrittenError        a file could not be written, such as on a full disk
└── PdfUnavailableError    the extra for PDF is not installed
"""

from pathlib import Path

from warehouse.errors import SigmaSightError


class NotPublishedError(SigmaSightError):
    """The portfolio is in no publication."""

    def __init__(self) -> None:
        super().__init__(
            "The portfolio is not published yet: `sigmasight nightly` builds and publishes what is loaded."
        )


class NotWrittenError(SigmaSightError):
    """A file could not be written; the report that was there is as before."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"The report could not be written to {folder} ({error.strerror}), where an earlier one is as it "
            "was: make room or name another folder, and run the command again."
        )


class PdfUnavailableError(SigmaSightError):
    """The extra for PDF is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Reports as PDF need typst, which is not installed: `pip install 'sigmasight[pdf]'`, "
            "or leave pdf out of the formats."
        )
