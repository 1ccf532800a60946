"""Limits on login attempts: per client address, and per account.

Per address, attempts are counted over a window. Per account, failures from one address delay that address
only, longer each time, so that nobody can lock another's account. Failures from many addresses together delay
all addresses but those from which the account has logged in, and never for long.

Failures count whether or not the account exists, so that a refusal does not reveal which accounts do. Counts
are kept in memory: each worker process has its own.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AF_INET6
from time import monotonic
from typing import Final

from psutil import net_if_addrs

from api.auth.login_delays import LoginDelays
from api.http.errors import TooManyAttempts
from api.http.rates import Rate, whole_seconds

WINDOW: Final = timedelta(minutes=15)
"""The window over which attempts of an address are counted."""

SHARED_FACTOR: Final = 10
"""Failures of an account from all addresses, as a multiple of those from one, before they delay others."""

LONGEST_SHARED_WAIT: Final = 30.0
"""Seconds for which failures from other addresses delay a login at most."""

LOOPBACK: Final = "127.0.0.1"

KNOWN_ADDRESSES: Final = 100_000
"""Pairs of account and address that are remembered because a login succeeded."""


class LoginAttempts:
    """Counts attempts. per_address: the most allowed in a window of 15 minutes.

    per_account: failures of an account from one address without a wait; longest_wait: in seconds.
    """

    def __init__(
        self,
        *,
        per_address: int,
        per_account: int,
        longest_wait: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._addresses = Rate(per_address, WINDOW.total_seconds(), clock)
        self._own = LoginDelays(allowed=per_account, longest=longest_wait, clock=clock)
        self._shared = LoginDelays(
            allowed=SHARED_FACTOR * per_account, longest=min(longest_wait, LONGEST_SHARED_WAIT), clock=clock
        )
        self._known: OrderedDict[str, None] = OrderedDict()

    def count_address(self, address: str) -> None:
        """Count an attempt of this address. Raises TooManyAttempts."""
        wait = self._addresses.take(network_of(address))
        if wait:
            raise _too_many("from your address", wait)

    def count_account(self, account: str, address: str) -> None:
        """Count an attempt as failed, before its password is checked. Raises TooManyAttempts.

        account: the key of the account that was found, or else the address that was tried.
        """
        pair = _pair(account, address)
        is_known = pair in self._known
        wait = max(self._own.wait(pair), 0.0 if is_known else self._shared.wait(account))
        if wait > 0:
            raise _too_many("with this email", wait)
        self._own.count(pair)
        if not is_known:
            self._shared.count(account)

    def succeeded(self, account: str, address: str) -> None:
        """Reset the account's failures from this address, and remember that it logged in from there.

        The attempt itself is no failure of all addresses: their number would tell that somebody logs in.
        """
        pair = _pair(account, address)
        self._own.forget(pair)
        if pair not in self._known:
            self._shared.take_back(account)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > KNOWN_ADDRESSES:
            self._known.popitem(last=False)


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """What one client holds of an address: a network of 64 bits in IPv6, in IPv4 the address itself.

    A client on this machine has all addresses of its loopback networks and of its interfaces.
    """
    try:
        parsed = _parsed(address)
    except ValueError:
        return address
    if parsed.is_loopback or parsed in _own_addresses():
        return LOOPBACK
    return str(IPv6Address(int(parsed) >> 64 << 64) if isinstance(parsed, IPv6Address) else parsed)


def _parsed(address: str) -> IPv4Address | IPv6Address:
    """The address without its zone, as one of four bytes where it stands for one. Raises ValueError."""
    parsed = ip_address(address.partition("%")[0])
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


@lru_cache(maxsize=1)
def _own_addresses() -> frozenset[IPv4Address | IPv6Address]:
    """The addresses that this machine's interfaces have when the first client connects."""
    known = (each for interface in net_if_addrs().values() for each in interface)
    return frozenset(_parsed(each.address) for each in known if each.family in {AF_INET, AF_INET6})


def _pair(account: str, address: str) -> str:
    return f"{account} {network_of(address)}"


def _too_many(source: str, wait: float) -> TooManyAttempts:
    seconds = whole_seconds(wait)
    return TooManyAttempts(
        f"There were too many attempts to log in {source}; try again in {seconds} seconds.",
        retry_after=seconds,
    )
