"""JSON Web Tokens signed with the server's own key (HS256), of two kinds that never pass for each other.

access    lets its bearer in for some minutes, as long as its session goes on
refresh   continues its session, once: each use gives another
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Literal
from uuid import UUID, uuid4

import jwt

from api.http.errors import TokenExpired, TokenInvalid

ALGORITHM = "HS256"

Kind = Literal["access", "refresh"]


@dataclass(frozen=True)
class Bearer:
    """Whom a token was issued to, and in which session."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class Tokens:
    """Issues and reads tokens. lifetime: of an access token; session_lifetime: of a refresh token."""

    secret_key: str = field(repr=False)
    lifetime: timedelta
    session_lifetime: timedelta

    def issue(self, bearer: Bearer, kind: Kind) -> str:
        """Sign a token of this kind, valid from now."""
        now = datetime.now(UTC)
        claims = {
            "aud": kind,
            "sub": str(bearer.user_id),
            "sid": str(bearer.session_id),
            "iat": now,
            "exp": now + (self.lifetime if kind == "access" else self.session_lifetime),
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self.secret_key, algorithm=ALGORITHM)

    def read(self, token: str, kind: Kind = "access") -> Bearer:
        """Tell whom this token was issued to.

        Raises TokenExpired, or TokenInvalid for anything that this server did not sign as of this kind.
        """
        bearer, expires = _verified(token, self.secret_key, kind)
        if expires <= time():
            raise TokenExpired
        return bearer


@lru_cache(maxsize=10_000)
def _verified(token: str, secret_key: str, kind: Kind) -> tuple[Bearer, float]:
    """Whom a token was issued to and until when, a Unix time. What was verified once need not be again."""
    try:
        claims = jwt.decode(
            token,
            secret_key,
            algorithms=[ALGORITHM],
            audience=kind,
            options={"require": ["aud", "sub", "sid", "iat", "exp", "jti"]},
        )
        return Bearer(user_id=UUID(claims["sub"]), session_id=UUID(claims["sid"])), float(claims["exp"])
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise TokenInvalid from error


def hash_of(token: str) -> bytes:
    """What the database keeps of a refresh token: it opens nothing."""
    return sha256(token.encode()).digest()
