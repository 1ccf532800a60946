"""The request of POST /chat/send."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.chat.turn.turn import UiContext

MAX_TEXT = 4000
MAX_PORTFOLIOS = 100

Hint = Annotated[str, StringConstraints(max_length=200)]
QuestionText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]


class UiContextIn(BaseModel):
    """Where the user asks from."""

    portfolio_id: UUID | None = Field(None, description="The portfolio that the page shows.")
    page_hint: Hint | None = Field(None, description="The page, such as `risk`.")


class SendRequest(BaseModel):
    """A question, and where the user asks it from."""

    conversation_id: UUID = Field(description="The conversation of POST /chat/conversations.")
    text: QuestionText = Field(
        description=f"The question, 1 to {MAX_TEXT} characters.", examples=["How large is my market beta?"]
    )
    ui_context: UiContextIn | None = None
    portfolio_ids: list[UUID] = Field(
        [], max_length=MAX_PORTFOLIOS, description="Portfolios that the page shows; one alone is meant."
    )
    page_hint: Hint | None = Field(None, description="The page, such as `risk`.")
    route: Hint | None = Field(None, description="The path of the page.")
    selection: Annotated[str, StringConstraints(max_length=2000)] | dict[Hint, Any] | None = Field(
        None, description="What is selected on the page: a text, or names and values."
    )

    def context(self) -> UiContext:
        """The context of the question; the model sees the page as data."""
        nested = self.ui_context or UiContextIn(portfolio_id=None, page_hint=None)
        page = {
            "page_hint": nested.page_hint or self.page_hint,
            "route": self.route,
            "selection": self.selection,
        }
        return UiContext(
            portfolio_id=nested.portfolio_id,
            portfolio_ids=tuple(self.portfolio_ids),
            page={name: value for name, value in page.items() if value},
        )
