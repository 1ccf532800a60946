"""Response models of the chat's figures for administrators."""

from datetime import date, datetime

from api.schemas.common import ResponseModel, described


class ChatSinceStart(ResponseModel):
    """What this process has answered since its start."""

    started_at: datetime = described("When the process started, UTC.", "2025-09-12T08:00:00Z")
    answers: int = described("Answers that have ended.", 12)
    done: int = described("Of these: complete.", 10)
    failed: int = described("Of these: ended with an error.", 1)
    cancelled: int = described("Of these: cancelled.", 1)
    refusals: int = described("Answers in which the model refused.", 0)
    input_tokens: int = described("Tokens that the model read.", 48_200)
    output_tokens: int = described("Tokens that it wrote.", 5_100)
    figures: int = described("Figures checked against logged results.", 63)
    unverified_figures: int = described("Of these: in no logged result.", 0)
    tool_calls: int = described("Calls of tools.", 21)
    failed_tool_calls: int = described("Of these: refused or failed.", 2)
    first_token_ms_p50: int | None = described("Milliseconds to the first token, median.", 640)
    first_token_ms_p95: int | None = described("Milliseconds to the first token, 95th percentile.", 1_420)


class ChatDay(ResponseModel):
    """One day of all processes, from the record; deleted conversations are not in it."""

    usage_date: date = described("The day, UTC.", "2025-09-12")
    answers: int = described("Answers that have ended.", 40)
    errors: int = described("Of these: ended with an error.", 1)
    cancelled: int = described("Of these: cancelled.", 2)
    input_tokens: int = described("Tokens that the model read.", 160_000)
    output_tokens: int = described("Tokens that it wrote.", 17_000)
    figures: int = described("Figures checked against logged results.", 210)
    unverified_figures: int = described("Of these: in no logged result.", 1)
    first_token_ms_p50: int | None = described("Milliseconds to the first token, median.", 640)
    first_token_ms_p95: int | None = described("Milliseconds to the first token, 95th percentile.", 1_420)


class ChatUsage(ResponseModel):
    """The chat's figures for administrators."""

    available: bool = described("A key for the model is set.", True)
    model: str = described("The model that answers.", "gpt-5.3")
    running: int = described("Answers that this process is writing.", 1)
    since_start: ChatSinceStart
    days: list[ChatDay]
