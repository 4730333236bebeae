"""The account's own endpoint, and the region's where a firewall knows only that.

With account ids in the credentials, botocore sends DynamoDB's calls to
``<account>.ddb.<region>.amazonaws.com`` and those of its streams to
``<account>.streams-ddb.<region>.amazonaws.com``. A firewall at a track that was told the region's
names lets neither pass.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)

_USER_INFO = re.compile(r"(?<=://)[^/?#\s]*@")
_ACCOUNTS_OWN = re.compile(r"\d{12}\.(streams-)?ddb\.")
_UNREACHED = ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError")


def masked(text: str) -> str:
    """``text`` with neither user nor password in the addresses that it names: a configured endpoint
    or proxy may carry them, and what is shown ends in logs."""
    return _USER_INFO.sub("***@", text)


class RegionalFallback:
    """A client that falls back to the region's endpoint for good, once the account's own one could
    not be reached where the region's could. In everything else it is the client it was made of.

    Args:
        client: as botocore makes it.
        make_regional: makes the same client with ``account_id_endpoint_mode`` disabled.
        tell: told in one line when that happens, on the thread of the call.

    Any thread may call it.
    """

    def __init__(
        self, client: Any, make_regional: Callable[[], Any], tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._make_regional = make_regional
        self._tell = tell
        self._lock = threading.Lock()
        self._regional: Any = None
        """Made under the lock, when it is first needed."""
        self._fallen = False
        """Set under the lock, once."""

    def __getattr__(self, name: str) -> Any:
        client = self._regional if self._fallen else self._client
        found = getattr(client, name)
        if self._fallen or name not in self._client.meta.method_to_api_mapping:
            return found
        return partial(self._call, name, found)

    def close(self) -> None:
        """Close both clients' connections."""
        self._client.close()
        if self._regional is not None:
            self._regional.close()

    def _call(self, name: str, operation: Callable[..., Any], **request: Any) -> Any:
        try:
            return operation(**request)
        except Exception as error:
            host = _blocked(error)
            if not host:
                raise
            return self._other_way(name, request, host, error)

    def _other_way(self, name: str, request: dict[str, Any], host: str, error: Exception) -> Any:
        with self._lock:
            if self._regional is None:
                self._regional = self._make_regional()
        try:
            answer = getattr(self._regional, name)(**request)
        except Exception as other:  # noqa: BLE001 - whatever it is, the first error is the one
            if isinstance(other, self._client.exceptions.ClientError):
                self._fall(host)
                raise
            # No way leads out: that is no firewall's doing, and may pass.
            raise error from None
        self._fall(host)
        return answer

    def _fall(self, host: str) -> None:
        with self._lock:
            if self._fallen:
                return
            self._fallen = True
        text = (
            f"{host} cannot be reached, a firewall perhaps: the region's endpoint is used "
            "instead (AWS_ACCOUNT_ID_ENDPOINT_MODE=disabled does so from the start)"
        )
        _log.warning("%s", text)
        self._tell(text)


def _blocked(error: Exception) -> str:
    """The account's own host where no connection to it came about; empty otherwise."""
    if type(error).__name__ not in _UNREACHED:
        return ""
    if type(error).__name__ == "ProxyConnectionError":
        # The proxy refused the way to some host, which the error does not name.
        return "the account's own endpoint"
    kwargs = getattr(error, "kwargs", {})
    host = urlsplit(str(kwargs.get("endpoint_url") or "")).hostname or ""
    return host if _ACCOUNTS_OWN.match(host) else ""
