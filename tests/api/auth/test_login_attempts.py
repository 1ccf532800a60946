"""Login attempts: failures delay the address they come from, longer each time, and lock nobody out."""

import asyncio
from dataclasses import dataclass
from socket import AF_INET, AF_INET6
from typing import Any

import pytest
from psutil import net_if_addrs
from uvicorn import Config

from api.auth.login_attempts import LONGEST_SHARED_WAIT, LoginAttempts, network_of
from api.auth.login_delays import FORGOTTEN_AFTER
from api.http.errors import TooManyAttempts
from flows.server_options import server_options
from ingestion.portfolios.portfolios import is_email
from ingestion.portfolios.users import user_errors
from warehouse.errors import SettingsError
from warehouse.settings import get_settings

ATTACKER, OWNER = "192.0.2.1", "198.51.100.7"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> LoginAttempts:
    return LoginAttempts(per_address=100, per_account=10, longest_wait=900, clock=clock)


def wait(attempts: LoginAttempts, address: str, account: str = "eve") -> int:
    """Fail to log in; how long the refusal says to wait, 0 if the password was checked."""
    try:
        attempts.count_account(account, address)
    except TooManyAttempts as refused:
        seconds = refused.members["retry_after"]
        assert isinstance(seconds, int)
        return seconds
    return 0


def test_each_failure_after_the_tenth_waits_twice_as_long(attempts: LoginAttempts, clock: Clock) -> None:
    assert [wait(attempts, ATTACKER) for _ in range(10)] == [0] * 10
    waits = []
    for _ in range(10):
        waits.append(wait(attempts, ATTACKER))
        clock.now += waits[-1]
        assert wait(attempts, ATTACKER) == 0
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_refused_try_does_not_lengthen_the_wait(attempts: LoginAttempts) -> None:
    assert [wait(attempts, ATTACKER) for _ in range(30)][-1] == 5


def test_nobody_locks_another_out(attempts: LoginAttempts) -> None:
    assert [wait(attempts, ATTACKER) for _ in range(50)][-1] > 0
    assert wait(attempts, OWNER) == 0


def test_many_addresses_delay_new_ones_shortly_and_known_ones_not(
    attempts: LoginAttempts, clock: Clock
) -> None:
    attempts.succeeded("eve", OWNER)
    for number in range(1000):
        clock.now += wait(attempts, f"10.0.{number // 250}.{number % 250}")
        wait(attempts, f"10.0.{number // 250}.{number % 250}")
    assert 0 < wait(attempts, "203.0.113.5") <= LONGEST_SHARED_WAIT
    assert wait(attempts, OWNER) == 0
    assert wait(attempts, "203.0.113.5", account="ada") == 0


def test_logins_from_new_addresses_are_no_failures(attempts: LoginAttempts) -> None:
    for number in range(60):
        assert wait(attempts, f"10.1.0.{number}") == 0
        attempts.succeeded("eve", f"10.1.0.{number}")
    tries = {}
    for account in ("eve", "nobody"):
        waits = [wait(attempts, f"10.2.0.{number}", account) for number in range(150)]
        tries[account] = waits.count(0)
    assert tries["eve"] == tries["nobody"] == 100


def test_failures_are_forgotten(attempts: LoginAttempts, clock: Clock) -> None:
    for _ in range(10):
        wait(attempts, ATTACKER)
    clock.now += 5 + FORGOTTEN_AFTER + 1
    assert [wait(attempts, ATTACKER) for _ in range(10)] == [0] * 10


def test_attempts_of_an_address_are_limited_over_all_accounts() -> None:
    attempts = LoginAttempts(per_address=3, per_account=10, longest_wait=900)
    for _ in range(3):
        attempts.count_address("2001:db8::1")
    with pytest.raises(TooManyAttempts, match="from your address"):
        attempts.count_address("2001:db8::2")  # of the same network
    attempts.count_address("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.8.9.10", "127.0.0.1"),
        ("::ffff:127.8.9.10", "127.0.0.1"),
        ("::1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_with_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_addresses_of_this_machine_are_one_clients() -> None:
    known = [each for interface in net_if_addrs().values() for each in interface]
    own = {each.address for each in known if each.family in {AF_INET, AF_INET6}}
    assert {network_of(address) for address in own} == {"127.0.0.1"}


@pytest.mark.parametrize("email", ["\u0130da@example.com", "ida@ex\u0430mple.com", "ida@example.com\u200b"])
def test_an_account_has_an_address_in_ascii(email: str) -> None:
    assert not is_email(email)
    assert [error.code for error in user_errors(email, "Ida", "Correct-horse-7")] == ["ERR_USER_002"]


# --- proxies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "client"),
    [((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9"), (("10.0.0.0/8",), "127.0.0.1")],
)
def test_only_a_trusted_proxy_states_the_address(
    monkeypatch: pytest.MonkeyPatch, proxies: tuple[str, ...], client: str
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.setenv("TRUSTED_PROXIES", ",".join(proxies))
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    config = Config(app, log_config=None, interface="asgi3", **server_options(get_settings()))
    config.load()
    headers = [(b"x-forwarded-for", b"203.0.113.9")]
    scope: Any = {"type": "http", "client": ("127.0.0.1", 1), "scheme": "http", "headers": headers}
    asyncio.run(config.loaded_app(scope, None, None))
    assert seen == [client]


@pytest.mark.parametrize("value", ["*", "proxy.example.com", "10.0.0.1/8"])
def test_a_proxy_is_named_by_its_address(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        get_settings()
