"""The vendors of each dataset and their order, from the settings; vendors without a key are skipped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.vendors.fmp import FinancialModelingPrep
from ingestion.vendors.fred import Fred
from ingestion.vendors.limits import Clock, Line
from ingestion.vendors.polygon import Polygon
from ingestion.vendors.protocol import GivesOptions, GivesPrices, GivesProfiles, GivesRates
from ingestion.vendors.responses import keep_response
from ingestion.vendors.vendor_http import Keep, VendorHttp
from ingestion.vendors.yahoo import Yahoo
from warehouse.settings import Settings

KEYS = {"fmp": "fmp_api_key", "polygon": "polygon_api_key", "fred": "fred_api_key"}
"""The setting with each vendor's key; other vendors need none."""


@dataclass(frozen=True)
class Vendors:
    """The vendors of each dataset, in order.

    orders: by dataset, all vendors of the settings, including skipped ones. notices: a message per skipped
    vendor.
    """

    prices: Sequence[GivesPrices]
    profiles: Sequence[GivesProfiles]
    rates: Sequence[GivesRates]
    options: Sequence[GivesOptions]
    orders: dict[str, tuple[str, ...]]
    notices: tuple[str, ...] = ()


def make_vendors(settings: Settings, *, only: str | None = None, clock: Clock | None = None) -> Vendors:
    """The vendors of the settings. only: the name of the single vendor to use."""
    clock = clock or Clock()
    orders = {
        "prices": settings.price_sources,
        "profiles": settings.profile_sources,
        "rates": settings.rate_sources,
        "options": settings.option_sources,
    }
    made = {
        name: _MAKERS[name](settings, clock)
        for name in dict.fromkeys(name for order in orders.values() for name in order)
        if (only is None or name == only) and has_key(settings, name)
    }
    if only is not None and only not in made:
        made[only] = _MAKERS[only](settings, clock)
    asked = {dataset: order if only is None else (only,) for dataset, order in orders.items()}

    def those(dataset: str, kind: type) -> list[Any]:
        return [made[name] for name in asked[dataset] if name in made and isinstance(made[name], kind)]

    return Vendors(
        prices=those("prices", GivesPrices),
        profiles=those("profiles", GivesProfiles),
        rates=those("rates", GivesRates),
        options=those("options", GivesOptions),
        orders=orders,
        notices=() if only is not None else skipped(settings),
    )


def has_key(settings: Settings, name: str) -> bool:
    """Whether the vendor needs no key or has one."""
    return name not in KEYS or getattr(settings, KEYS[name]) is not None


def skipped(settings: Settings) -> tuple[str, ...]:
    """A message for each vendor of the settings without a key."""
    datasets = {
        "prices": settings.price_sources,
        "profiles": settings.profile_sources,
        "rates": settings.rate_sources,
        "options": settings.option_sources,
    }
    missing: dict[str, list[str]] = {}
    for dataset, order in datasets.items():
        for name in order:
            if not has_key(settings, name):
                missing.setdefault(name, []).append(dataset)
    return tuple(
        f"{name} was not asked for {' and '.join(what)}: set {KEYS[name].upper()} to ask it."
        for name, what in missing.items()
    )


def _line(settings: Settings, clock: Clock, title: str, per_minute: float) -> Line:
    return Line(
        title,
        per_minute,
        clock,
        attempts=settings.vendor_attempts,
        first_pause=settings.vendor_first_pause_seconds,
    )


def _http(settings: Settings, clock: Clock, title: str, name: str, **authorization: Any) -> VendorHttp:
    """The HTTP client of a vendor with a key. authorization: the headers or params with the key."""
    return VendorHttp(
        _line(settings, clock, title, getattr(settings, f"{name}_requests_per_minute")),
        getattr(settings, f"{name}_url"),
        timeout=settings.vendor_timeout_seconds,
        keep=_keeper(settings, name),
        **authorization,
    )


def _key(settings: Settings, name: str) -> str:
    secret = getattr(settings, KEYS[name])
    return str(secret.get_secret_value()) if secret is not None else ""


def _yahoo(settings: Settings, clock: Clock) -> Yahoo:
    line = _line(settings, clock, Yahoo.title, settings.yahoo_requests_per_minute)
    return Yahoo(line, base_url=settings.yahoo_url, timeout=settings.vendor_timeout_seconds)


def _fmp(settings: Settings, clock: Clock) -> FinancialModelingPrep:
    title, headers = FinancialModelingPrep.title, {"apikey": _key(settings, "fmp")}
    return FinancialModelingPrep(_http(settings, clock, title, "fmp", headers=headers))


def _polygon(settings: Settings, clock: Clock) -> Polygon:
    headers = {"Authorization": f"Bearer {_key(settings, 'polygon')}"}
    return Polygon(_http(settings, clock, Polygon.title, "polygon", headers=headers))


def _fred(settings: Settings, clock: Clock) -> Fred:
    params = {"api_key": _key(settings, "fred")}
    return Fred(_http(settings, clock, Fred.title, "fred", params=params))


def _keeper(settings: Settings, vendor: str) -> Keep | None:
    """The function that stores the vendor's responses, or None if they are not kept."""
    if settings.response_days == 0:
        return None
    return lambda asked, body: keep_response(vendor, asked, body, settings=settings)


_MAKERS: dict[str, Callable[[Settings, Clock], Any]] = {
    "yfinance": _yahoo,
    "fmp": _fmp,
    "polygon": _polygon,
    "fred": _fred,
}
