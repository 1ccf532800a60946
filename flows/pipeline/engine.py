"""How the steps of a run are carried out: plainly, or as task runs of Prefect (prefect_engine.py)."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows.pipeline.transient import RETRIES, delays, is_transient

if TYPE_CHECKING:
    from flows.dbt.runner import BuildReport

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """Carries out the steps of a run."""

    def step(self, name: str, body: Callable[[], T]) -> T:
        """What the body returns; it is run again when it fails for a reason that may pass by itself."""
        ...

    def keep(self, report: "BuildReport") -> None:
        """Keep the nodes of a build, also of one that failed, where the engine has a place for them."""
        ...


class PlainEngine:
    """Calls each step in this process. ops.runs and ops.run_nodes are all the history there is."""

    def step(self, name: str, body: Callable[[], T]) -> T:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_chain, wait_fixed  # noqa: PLC0415

        def say_again(state: Any) -> None:
            logger.warning("The step %s is tried again: %s", name, state.outcome.exception())

        return Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(RETRIES + 1),
            wait=wait_chain(*map(wait_fixed, delays())),
            before_sleep=say_again,
            reraise=True,
        )(body)

    def keep(self, report: "BuildReport") -> None:
        """Nowhere else than in ops.run_nodes."""
