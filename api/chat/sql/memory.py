"""A bound on the memory that the server's process of a statement may take.

PostgreSQL has none: work_mem bounds sorts and hashes, but a text that is put together from many rows grows to
a gigabyte, and its copies to several.
"""

import asyncio
import logging
import shutil
import subprocess
from typing import Any

import psutil
from psycopg import AsyncConnection

from warehouse.connections import CHAT
from warehouse.embedded_host import server_account

logger = logging.getLogger(__name__)

ALLOWED_BYTES = 512_000_000  # beyond what the process has at its start, most of which all of them share


async def bound_memory(connection: AsyncConnection[Any]) -> None:
    """Let the process of the session fail with `out of memory` beyond the bound.

    Only where it can be reached: on Linux, on the socket of this machine, as the server's user or root.
    """
    if not connection.info.host.startswith("/"):
        return
    try:
        await asyncio.to_thread(_bound, connection.info.backend_pid)
    except (psutil.Error, OSError, subprocess.CalledProcessError) as error:
        logger.debug("the memory of the chat's session is not bounded: %s", error)


def _bound(pid: int) -> None:
    program, process = shutil.which("prlimit"), psutil.Process(pid)
    # another name: the server's processes are of another container
    if program is None or CHAT not in " ".join(process.cmdline()):
        return
    account = server_account()  # root may change the limits of others, but not in every container
    command = [program, f"--pid={pid}", f"--as={process.memory_info().vms + ALLOWED_BYTES}"]
    user = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    subprocess.run(command, check=True, capture_output=True, **user)  # type: ignore[call-overload]
