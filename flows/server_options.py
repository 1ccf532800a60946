"""How uvicorn serves the API: the options that the settings decide."""

from typing import Any

from warehouse.settings import Settings


def server_options(settings: Settings) -> dict[str, Any]:
    """Options of uvicorn beside the application, address and log."""
    return {
        "http": "api.http.connections:make_protocol",  # by name: flows must not import the API
        "ws": "none",  # the API has no websockets; a connection that became one would leave the protocol
        "access_log": False,  # the API writes its own
        "server_header": False,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
    }
