"""How the steps of a run are executed: in this process, or by Prefect (see flows/prefect/engine.py)."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows.pipeline.transient import RETRIES, delays, is_transient

if TYPE_CHECKING:
    from flows.dbt.runner import BuildReport

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """Executes the steps of a run."""

    def step(self, name: str, body: Callable[[], T]) -> T:
        """Run the body and return its result; retried after transient errors."""
        ...

    def keep(self, report: "BuildReport") -> None:
        """Store the nodes of a build, also of a failed one, if the engine has a place for them."""
        ...


class PlainEngine:
    """Calls each step in this process. The only history is in ops.runs and ops.run_nodes."""

    def step(self, name: str, body: Callable[[], T]) -> T:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_chain, wait_fixed  # noqa: PLC0415

        def log_retry(state: Any) -> None:
            logger.warning("Retrying the step %s: %s", name, state.outcome.exception())

        return Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(RETRIES + 1),
            wait=wait_chain(*map(wait_fixed, delays())),
            before_sleep=log_retry,
            reraise=True,
        )(body)

    def keep(self, report: "BuildReport") -> None:
        """Do nothing: the nodes are in ops.run_nodes."""
