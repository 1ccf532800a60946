"""The HTTP session of yfinance: rate-limited, with a configurable host, and strict about errors."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import yfinance
from curl_cffi import requests
from yfinance.exceptions import YFDataException, YFException, YFRateLimitError

from ingestion.errors import GarbageError, NoDataError, VendorDownError
from ingestion.vendors.limits import Line

T = TypeVar("T")

# yfinance uses an API that pandas 3.1 deprecates, and enables the warnings
warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")

_SERVER_ERROR, _TOO_MANY_REQUESTS = 500, 429


class YahooSession(requests.Session[requests.Response]):
    """A rate-limited session that raises on server errors, which yfinance would take for an empty answer.

    base_url: used instead of Yahoo's own hosts.
    """

    def __init__(self, line: Line, *, base_url: str | None = None, timeout: float = 20.0) -> None:
        super().__init__(impersonate="chrome")
        self._line, self._base_url, self._timeout = line, base_url, timeout

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        """Like curl_cffi's; raises ConnectionError for a status of 500 or more."""
        self._line.bucket.take()
        if self._base_url is not None:
            parts = urlsplit(url)
            url = self._base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")
        kwargs["timeout"] = self._timeout  # yfinance's default is half a minute
        response = super().request(method, url, *args, **kwargs)
        if response.status_code == _TOO_MANY_REQUESTS:
            self._line.too_many_requests(response.headers.get("Retry-After"))
        if response.status_code >= _SERVER_ERROR:
            raise requests.exceptions.ConnectionError(
                f"HTTP {response.status_code} from {urlsplit(url).path}", response=response
            )
        return response


def in_our_words(ask: Callable[[], T]) -> T:
    """The result of a call of yfinance, with its errors converted to the VendorError that fits.

    yfinance caches answers for the life of the process, including errors: the cache is cleared first.
    """
    yfinance.data.YfData().cache_get.cache_clear()
    try:
        return ask()
    except (YFRateLimitError, YFDataException) as error:
        raise VendorDownError(str(error)) from error
    except YFException as error:
        raise NoDataError(str(error)) from error
    except requests.exceptions.HTTPError as error:
        status = getattr(error.response, "status_code", None)
        if status == _TOO_MANY_REQUESTS:
            raise VendorDownError(str(error)) from error
        raise NoDataError(str(error)) from error
    except OSError as error:  # a lost connection or a timeout
        raise VendorDownError(str(error) or repr(error)) from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # a page that is not JSON, or JSON that yfinance cannot read
        raise GarbageError(f"an answer that cannot be read ({error!r})") from error


@contextmanager
def quiet_yfinance() -> Iterator[None]:
    """Make yfinance raise its errors instead of logging them; we report each failure."""
    log = logging.getLogger("yfinance")
    before, level = yfinance.config.debug.hide_exceptions, log.level
    yfinance.config.debug.hide_exceptions = False
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        yfinance.config.debug.hide_exceptions = before
        log.setLevel(level)
