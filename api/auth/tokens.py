"""JSON Web Tokens signed with the server's own key (HS256), of two kinds that are not interchangeable.

access    short-lived token that authorizes requests while its session lasts
refresh   single-use token that continues its session: each use returns the next one
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
from api.http.limits import CLOCK_LEEWAY

ALGORITHM = "HS256"

Kind = Literal["access", "refresh"]


@dataclass(frozen=True)
class Bearer:
    """The user and the session that a token was issued for."""

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
        """Return the user and the session that this token was issued for.

        Raises TokenExpired, or TokenInvalid for anything that this server did not sign as a token of this
        kind.
        """
        bearer, expires = _verified(token, self.secret_key, kind)
        if expires <= time():
            raise TokenExpired
        return bearer


@lru_cache(maxsize=10_000)
def _verified(token: str, secret_key: str, kind: Kind) -> tuple[Bearer, float]:
    """The bearer of a token and its expiry as a Unix time. Cached: a token is verified once."""
    try:
        claims = jwt.decode(
            token,
            secret_key,
            algorithms=[ALGORITHM],
            audience=kind,
            leeway=CLOCK_LEEWAY,  # of iat: read() holds exp to the second
            options={"require": ["aud", "sub", "sid", "iat", "exp", "jti"]},
        )
        return Bearer(user_id=UUID(claims["sub"]), session_id=UUID(claims["sid"])), float(claims["exp"])
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise TokenInvalid from error


def hash_token(token: str) -> bytes:
    """Hash a refresh token: the database stores only the hash."""
    return sha256(token.encode()).digest()
