"""What is remembered of a session, next to its end."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from api.auth.tokens import Bearer
from api.auth.users import User, Users


class SlowUsers(Users):
    """Users whose look-up is read at once, and answered when `gate` opens."""

    def __init__(self) -> None:
        super().__init__(cast(Any, None))
        self.is_open = True
        self.gate = asyncio.Event()

    async def _read(self, *_: Any) -> Any:
        user = User(uuid4(), "ada@example.com", "Ada", True, False, datetime.now(UTC), b"")
        found = user if self.is_open else None
        await self.gate.wait()
        return found


def test_a_session_that_ends_while_it_is_looked_up_is_not_remembered() -> None:
    # Silent failure prevented: a request that began before the logout keeps the session open for five seconds
    async def look_up_after_logout() -> User | None:
        users, bearer = SlowUsers(), Bearer(uuid4(), uuid4())
        begun = asyncio.create_task(users.by_session(bearer))
        await asyncio.sleep(0)
        users.is_open = False
        users.forget(bearer)
        users.gate.set()
        await begun
        return await users.by_session(bearer)

    assert asyncio.run(look_up_after_logout()) is None
