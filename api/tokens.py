"""Access tokens: JSON Web Tokens signed with the server's own key (HS256)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt

from api.errors import TokenExpired, TokenInvalid

ALGORITHM = "HS256"


@dataclass(frozen=True)
class Tokens:
    """Issues and reads access tokens. lifetime: how long a token lets its bearer in."""

    secret_key: str = field(repr=False)
    lifetime: timedelta

    def issue(self, user_id: UUID) -> str:
        """Sign a token for this user, valid from now for `lifetime`."""
        now = datetime.now(UTC)
        claims = {"sub": str(user_id), "iat": now, "exp": now + self.lifetime, "jti": str(uuid4())}
        return jwt.encode(claims, self.secret_key, algorithm=ALGORITHM)

    def read(self, token: str) -> UUID:
        """Tell whom this token was issued to.

        Raises TokenExpired, or TokenInvalid for anything that this server did not sign.
        """
        try:
            claims = jwt.decode(
                token,
                self.secret_key,
                algorithms=[ALGORITHM],
                options={"require": ["sub", "iat", "exp", "jti"]},
            )
            return UUID(claims["sub"])
        except jwt.ExpiredSignatureError as error:
            raise TokenExpired from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenInvalid from error
