"""Rates, places and turns: counts per key, exact at their edges, bounded in memory and time."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from time import thread_time

import pytest

from api.http import rates
from api.http.rates import NoTurnError, Places, Rate, Turns, whole_seconds


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_no_window_of_a_minute_holds_more_than_the_most() -> None:
    clock, random = Clock(), Random(7)
    rate = Rate(20, clock=clock)
    accepted: list[float] = []
    for _ in range(5000):
        clock.now += random.expovariate(2)
        if rate.take("ann") == 0:
            accepted.append(clock.now)
    for early, late in zip(accepted, accepted[20:], strict=False):
        assert late - early >= 60
    assert len(accepted) >= 0.98 * 20 * (clock.now - 1000) / 60


def test_the_wait_is_exact_and_a_refused_try_does_not_lengthen_it() -> None:
    clock = Clock()
    rate = Rate(2, clock=clock)
    assert rate.take("ann") == 0
    clock.now += 20
    assert rate.take("ann") == 0
    assert [rate.take("ann") for _ in range(5)] == [40] * 5
    clock.now += 39.9
    assert rate.take("ann") == pytest.approx(0.1)
    clock.now += 0.1
    assert rate.take("ann") == 0
    assert rate.take("ann") == pytest.approx(20)
    assert rate.take("bob") == 0


def test_keys_are_forgotten_after_the_window_and_beyond_the_most_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    rate = Rate(3, clock=clock)
    for number in range(1000):
        rate.take(number)
    assert len(rate) == 1000
    clock.now += 60
    rate.take("ann")
    assert len(rate) == 1
    monkeypatch.setattr(rates, "KEPT", 50)
    for number in range(1000):
        rate.take(number)
    assert len(rate) == 50


def test_a_count_costs_microseconds_however_many_keys_there_are() -> None:
    rate = Rate(1200)
    for number in range(50_000):
        rate.take(number)
    begun = thread_time()  # not the clock: a busy machine takes turns
    for number in range(10_000):
        rate.take(number % 5000)
    assert thread_time() - begun < 0.5  # 50 microseconds each; it takes one or two


@pytest.mark.parametrize(("wait", "seconds"), [(0.001, 1), (1.0, 1), (1.2, 2), (59.9, 60)])
def test_retry_after_is_in_whole_seconds(wait: float, seconds: int) -> None:
    assert whole_seconds(wait) == seconds


def test_places_are_given_back_once() -> None:
    places = Places(2, total=3)
    first, second, other = places.take("ann"), places.take("ann"), places.take("bob")
    assert None not in {first, second, other}
    assert places.take("ann") is places.take("bob") is None
    assert (places.of("ann"), places.total, places.are_all_taken) == (2, 3, True)
    assert first is not None
    first()
    first()
    assert (places.of("ann"), places.total) == (1, 2)
    assert places.take("ann") is not None
    assert places.take("ann") is None


# --- turns --------------------------------------------------------------------------------------------------


class Outage(Exception):  # noqa: N818 - of the test
    """What concerns everybody."""


def test_a_user_with_many_requests_delays_nobody_else() -> None:
    order: list[str] = []

    async def use(turns: Turns, user: str) -> None:
        async with turns.turn(user):
            await asyncio.sleep(0.02)
            order.append(user)

    async def run() -> None:
        turns = Turns(2, 10, shared=Outage)
        crowd = [asyncio.create_task(use(turns, "ann")) for _ in range(20)]
        await asyncio.sleep(0)
        await use(turns, "bob")
        assert order.count("ann") <= 4
        assert turns.waiting > 10
        await asyncio.gather(*crowd)
        assert turns.waiting == 0

    asyncio.run(run())


def test_turns_come_in_the_order_of_the_requests_and_cancelled_ones_take_none() -> None:
    served: list[int] = []

    async def use(turns: Turns, number: int) -> None:
        async with turns.turn("ann"):
            served.append(number)
            await asyncio.sleep(0.002)

    async def run() -> None:
        turns = Turns(2, 10, shared=Outage)
        tasks = [asyncio.create_task(use(turns, number)) for number in range(30)]
        await asyncio.sleep(0)  # they wait
        for task in tasks[3::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(use(turns, 100 + number) for number in range(4)))

    asyncio.run(run())
    assert set(served) == {0, 1, *range(0, 30, 2), 100, 101, 102, 103}
    assert all(before < after for before, after in pairwise(served))


def test_a_turn_is_not_waited_for_for_ever() -> None:
    async def run() -> None:
        turns = Turns(1, 0.05, shared=Outage)
        async with turns.turn("ann"):
            with pytest.raises(NoTurnError):
                async with turns.turn("ann"):
                    pass
            async with turns.turn("bob"):
                pass
        async with turns.turn("ann"):
            pass

    asyncio.run(run())


def test_an_outage_reaches_all_who_wait_and_nobody_who_comes_later() -> None:
    noticed: list[None] = []

    async def fail(turns: Turns) -> None:
        async with turns.turn("ann"):
            noticed.append(None)
            await asyncio.sleep(0.02)
            raise Outage

    async def run() -> None:
        turns = Turns(1, 10, shared=Outage)
        outcomes = await asyncio.gather(*(fail(turns) for _ in range(50)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {Outage}
        assert len(noticed) == 1
        async with turns.turn("ann"):
            pass

    asyncio.run(run())
