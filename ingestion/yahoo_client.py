"""Asking Yahoo Finance through yfinance: a batch first, then each symbol that came back empty, to learn why.

yfinance's batch download swallows the reason of a failure. What is transient (too many requests, a
server's error, a lost connection, a page that is no JSON) is asked again with growing pauses; an unknown
symbol is not.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from typing import Any

import pandas as pd
import yfinance
from curl_cffi import requests
from tenacity import (
    Retrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)
from yfinance.exceptions import YFDataException, YFException, YFRateLimitError

from ingestion.errors import SourceUnavailableError
from ingestion.rejections import Rejections

logger = logging.getLogger(__name__)

# yfinance uses what pandas 3.1 deprecates and asks for the warnings to be shown; nobody here can mend that
warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")

THREADS = 4  # Yahoo answers more at once with 429
_SERVER_ERROR, _TOO_MANY_REQUESTS = 500, 429

# Indices have another name there.
_YAHOO_SYMBOLS = {"VIX": "^VIX", "SPX": "^GSPC", "NDX": "^NDX", "RUT": "^RUT", "DJX": "^DJI"}


class _TransientError(Exception):
    """Yahoo may answer the same question a little later."""


class _NoDataError(Exception):
    """Yahoo knows nothing of the symbol."""


class YahooSession(requests.Session[requests.Response]):
    """A session that raises on a server's error: yfinance would take it for an answer without data."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As curl_cffi's; raises ConnectionError for a status of 500 or more."""
        response = super().request(*args, **kwargs)
        if response.status_code >= _SERVER_ERROR:
            raise requests.exceptions.ConnectionError(
                f"HTTP {response.status_code} from {response.url}", response=response
            )
        return response


@dataclass
class Answers:
    """What Yahoo said: by symbol (ours) the answer, why there is none, or why it could not be asked."""

    found: dict[str, Any] = field(default_factory=dict)
    no_data: dict[str, str] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def rejections(self) -> Rejections:
        """The symbols without an answer, as rejected rows."""
        rejections = Rejections()
        for reason, symbols in (("no_data", self.no_data), ("unavailable", self.unavailable)):
            for symbol, said in symbols.items():
                rejections.add(reason, f"{symbol}: {said}")
        return rejections


@dataclass(frozen=True)
class YahooClient:
    """How to ask. first_pause: seconds before the second attempt; pauses double, up to a minute."""

    session: YahooSession = field(default_factory=lambda: YahooSession(impersonate="chrome"))
    attempts: int = 4
    first_pause: float = 2.0
    timeout: float = 20.0

    def histories(self, symbols: Sequence[str], start: date) -> Answers:
        """Daily rows of each symbol from `start` to now, as yfinance gives them.

        Columns: Open, High, Low, Close (adjusted for splits), Adj Close, Volume, Dividends, Stock Splits and
        for funds Capital Gains; index: dates. Raises SourceUnavailableError when Yahoo answers for none.
        """
        with _yfinance(hide_exceptions=True):
            found = self._batch(symbols, start)
        missing = [symbol for symbol in symbols if symbol not in found]
        answers = self._one_by_one(missing, lambda symbol: self._history(symbol, start))
        answers.found |= found
        _raise_if_silent(answers)
        return answers

    def profiles(self, symbols: Sequence[str]) -> Answers:
        """What Yahoo says of each company or fund, by its own field names."""
        return self._one_by_one(symbols, self._profile)

    def _batch(self, symbols: Sequence[str], start: date) -> dict[str, pd.DataFrame]:
        """The symbols that came back with rows."""
        names = {yahoo_symbol(symbol): symbol for symbol in symbols}
        if not names:
            return {}
        table = yfinance.download(
            list(names),
            start=start,
            auto_adjust=False,
            actions=True,
            group_by="ticker",
            ignore_tz=True,
            progress=False,
            threads=THREADS,
            timeout=self.timeout,
            session=self.session,
        )
        if table is None or table.empty:
            return {}
        given = {
            names[name]: table[name].dropna(how="all") for name in table.columns.get_level_values(0).unique()
        }
        return {symbol: rows for symbol, rows in given.items() if _has_prices(rows)}

    def _history(self, symbol: str, start: date) -> pd.DataFrame:
        ticker = yfinance.Ticker(yahoo_symbol(symbol), session=self.session)
        rows: pd.DataFrame = ticker.history(
            start=start, auto_adjust=False, actions=True, timeout=self.timeout
        )
        if not _has_prices(rows):
            raise _NoDataError("an answer without prices")
        return rows.tz_localize(None)

    def _profile(self, symbol: str) -> dict[str, Any]:
        info: dict[str, Any] = yfinance.Ticker(yahoo_symbol(symbol), session=self.session).info
        if not info.get("quoteType") or info["quoteType"] == "NONE":
            raise _NoDataError("an answer without a profile")
        return info

    def _one_by_one(self, symbols: Sequence[str], ask: Callable[[str], Any]) -> Answers:
        """Ask for each symbol with retries. Once one has used them up, the others are asked only once."""
        answers, given_up = Answers(), Event()

        def _answer(symbol: str) -> None:
            attempts = 1 if given_up.is_set() else self.attempts
            try:
                answers.found[symbol] = self._retrying(attempts)(_ask, ask, symbol)
            except _NoDataError as error:
                answers.no_data[symbol] = str(error)
            except _TransientError as error:
                answers.unavailable[symbol] = str(error)
                given_up.set()

        with _yfinance(hide_exceptions=False), ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(_answer, symbols):
                pass
        return answers

    def _retrying(self, attempts: int) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(attempts),
            wait=wait_exponential_jitter(multiplier=self.first_pause, max=60, jitter=self.first_pause / 2),
            retry=retry_if_exception_type(_TransientError),
            before_sleep=before_sleep_log(logger, logging.INFO),
            reraise=True,
        )


def yahoo_symbol(symbol: str) -> str:
    """The symbol as Yahoo writes it."""
    return _YAHOO_SYMBOLS.get(symbol, symbol)


def _ask(ask: Callable[[str], Any], symbol: str) -> Any:
    """The answer; else tell by the kind of error whether asking again may help."""
    try:
        return ask(symbol)
    except (YFRateLimitError, YFDataException) as error:
        raise _TransientError(str(error)) from error
    except YFException as error:
        raise _NoDataError(str(error)) from error
    except requests.exceptions.HTTPError as error:
        status = getattr(error.response, "status_code", None)
        kind = _TransientError if status == _TOO_MANY_REQUESTS else _NoDataError
        raise kind(str(error)) from error
    except (OSError, ValueError) as error:  # a lost connection or a timeout; a page that is no JSON
        raise _TransientError(str(error) or repr(error)) from error


def _has_prices(rows: pd.DataFrame) -> bool:
    return "Close" in rows and bool(rows["Close"].notna().any())


def _raise_if_silent(answers: Answers) -> None:
    if answers.found or not answers.unavailable:
        return
    symbol, said = next(iter(answers.unavailable.items()))
    reason = said.split(". See https://", maxsplit=1)[0].rstrip(".")
    raise SourceUnavailableError(
        f"Yahoo gave no prices, for {symbol} because of: {reason}. Nothing was loaded from it; check the "
        "network, or try again in an hour if Yahoo says that there were too many requests."
    )


@contextmanager
def _yfinance(*, hide_exceptions: bool) -> Iterator[None]:
    """Silence yfinance (each failure is told by us), and let it raise its errors or hide them."""
    log = logging.getLogger("yfinance")
    before, level = yfinance.config.debug.hide_exceptions, log.level
    yfinance.config.debug.hide_exceptions = hide_exceptions
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        yfinance.config.debug.hide_exceptions = before
        log.setLevel(level)
