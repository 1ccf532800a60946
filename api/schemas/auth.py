"""Response models of login and of the logged-in user."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api.http.limits import MAX_PASSWORD_LENGTH
from api.schemas.common import ResponseModel, described

EMAIL = StringConstraints(strip_whitespace=True, max_length=320, pattern=r"^[\x21-\x7e]+$")


class LoginRequest(BaseModel):
    """The credentials of a login."""

    model_config = ConfigDict(hide_input_in_errors=True)

    email: Annotated[str, EMAIL] = described(
        "The email address of the account, case-insensitive.", "demo_individual@sigmasight.com"
    )
    password: Annotated[SecretStr, StringConstraints(min_length=1, max_length=MAX_PASSWORD_LENGTH)] = (
        described("The password.", "a long and private sentence")
    )


class AccessToken(ResponseModel):
    """A token to send as `Authorization: Bearer ...` with every other request.

    It is also set as a cookie, which GET requests accept in its place.
    """

    access_token: str = described("The JSON Web Token.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwYzgz...")
    token_type: Literal["bearer"] = described("Always bearer.", "bearer")
    expires_in: int = described("Seconds until the token expires.", 900)
    refresh_token: str = described(
        "Single-use token for POST /auth/refresh, which returns the next pair. Also set as a cookie.",
        "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJyZWZy...",
    )


class RefreshRequest(BaseModel):
    """The refresh token; without it the cookie is used."""

    model_config = ConfigDict(hide_input_in_errors=True)

    refresh_token: Annotated[SecretStr, StringConstraints(max_length=4096)] | None = Field(
        default=None,
        description="The refresh_token of the last login or refresh; if null or omitted, the cookie is used.",
        examples=["eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJyZWZy..."],
    )


class LoggedOut(ResponseModel):
    """The result of a logout."""

    message: str = described("A sentence for users.", "You are logged out.")
    success: bool = described("Always true.", True)


class UserLimits(ResponseModel):
    """What the user may have at most."""

    max_portfolios: int | None = described("Portfolios; null: there is no limit.", None)
    max_ai_messages: int | None = described(
        "Questions to the chat; null: only its tokens per day are limited (CHAT_TOKENS_PER_DAY).", None
    )


class Me(ResponseModel):
    """The current user."""

    id: UUID = described("The user's id.", "0c83ad1e-93cc-4a0c-8a5e-4d9f5b1d6a01")
    email: str = described("The user's email, used to log in.", "demo_individual@sigmasight.com")
    full_name: str = described("The user's name.", "Demo Individual Investor")
    is_active: bool = described("Whether the user may log in: true in every response.", True)
    is_admin: bool = described(
        "Whether the user is an administrator, who may see the runs of the flows.", False
    )
    created_at: datetime = described("When the user was added, UTC.", "2025-09-12T23:31:07Z")
    portfolio_id: UUID | None = described(
        "The user's first published portfolio; null when there is none.",
        "6b1f7c1e-52f1-5f0a-9d6c-3f1d2a9b7c11",
    )
    portfolio_count: int = described("Number of published portfolios of the user.", 1)
    tier: Literal["self_hosted"] = described("Always self_hosted: there are no plans.", "self_hosted")
    invite_validated: bool = described("Always true: there are no invitations.", True)
    limits: UserLimits
