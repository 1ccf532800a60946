"""Checks passwords against argon2 hashes, taking the same time whether or not the user exists."""

from collections.abc import Callable
from functools import partial
from secrets import token_hex

import anyio
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from api.http.limits import CONCURRENT_LOGINS


class PasswordChecker:
    """Verifies passwords, a few at a time: each verification takes a core and 64 MB."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._limiter = anyio.CapacityLimiter(CONCURRENT_LOGINS)
        self._dummy_hash = self._hasher.hash(token_hex())

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether the password matches the hash; None (no such user) takes as long and is always false."""
        verify = partial(self._verify, password, password_hash or self._dummy_hash)
        is_right = await _in_thread(verify, self._limiter)
        return is_right and password_hash is not None

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            # a lone surrogate is not valid text: it matches no password, but must not raise either
            return self._hasher.verify(password.encode(errors="surrogatepass"), password_hash)
        except UnknownHashError:
            return False


async def _in_thread(function: Callable[[], bool], limiter: anyio.CapacityLimiter) -> bool:
    return await anyio.to_thread.run_sync(function, limiter=limiter)
