"""The stand-in's own door, ``/_standin/...``: look inside, turn shards over, break things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pitwall.cloud.local.errors import AwsError, invalid
from pitwall.cloud.local.server import Request, Response
from pitwall.cloud.local.service import Service

_Action = Callable[[dict[str, Any]], dict[str, Any]]


class Control:
    """Control requests: ``GET status``; ``POST rotate, split, trim, fault, outage, clear,
    access, clock``.

    A page in a browser may not reach it: requests with an ``Origin``, or for another host name
    than the loopback's, are refused.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._actions: dict[tuple[str, str], _Action] = {
            ("GET", "status"): lambda body: service.status(),
            ("POST", "rotate"): lambda body: {"opened": service.rotate(_shard(body))},
            ("POST", "split"): lambda body: {"opened": service.split(_shard(body))},
            ("POST", "trim"): self._trim,
            ("POST", "fault"): self._fault,
            ("POST", "outage"): self._outage,
            ("POST", "clear"): self._clear,
            ("POST", "access"): self._access,
            ("POST", "clock"): self._clock,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one control request with JSON."""
        host = request.headers.get("host", "").rpartition(":")[0]
        if "origin" in request.headers or host not in ("127.0.0.1", "localhost"):
            return _json(403, {"error": "only for programs on this machine"})
        action = self._actions.get((request.method, request.path.removeprefix("/_standin/")))
        if action is None:
            return _json(404, {"error": f"no {request.method} {request.path}"})
        try:
            body = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
            return _json(200, action(body))
        except msgspec.MsgspecError:
            return _json(400, {"error": "the body is not a JSON object"})
        except AwsError as error:
            return _json(error.status, {"error": error.message})

    def _trim(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"older_than_s": age}``, all records by default."""
        age_us = round(_seconds(body, "older_than_s", 0.0) * 1e6)
        # One more, so that "everything up to now" holds what was written this microsecond.
        return {"trimmed": self._service.trim(self._service.now_us() - age_us + 1)}

    def _fault(self, body: dict[str, Any]) -> dict[str, Any]:
        self._service.faults.add(body)
        return self._service.faults.status()

    def _outage(self, body: dict[str, Any]) -> dict[str, Any]:
        self._service.faults.outage(_seconds(body, "seconds", None))
        return self._service.faults.status()

    def _clear(self, body: dict[str, Any]) -> dict[str, Any]:
        self._service.faults.clear()
        return self._service.faults.status()

    def _access(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"keys": {access key id: policy, [policies] or "expired"}}``; no keys at all switches
        it off."""
        if body.get("keys"):
            self._service.access.give(body["keys"])
        else:
            self._service.access.clear()
        return self._service.access.status()

    def _clock(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"ahead_s": seconds}``: callers' clocks are to seem behind by this."""
        ahead = body.get("ahead_s", 0.0)
        if isinstance(ahead, bool) or not isinstance(ahead, int | float) or abs(ahead) > 1e6:
            raise invalid("ahead_s is a number of seconds from -1,000,000 to 1,000,000")
        self._service.ahead_us = round(ahead * 1e6)
        return {"told_us": self._service.told_us()}


def _shard(body: dict[str, Any]) -> str | None:
    shard = body.get("shard")
    if shard is not None and not isinstance(shard, str):
        raise invalid("shard is the id of an open shard")
    return shard


def _seconds(body: dict[str, Any], name: str, default: float | None) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise invalid(f"{name} is a number of seconds from 0 to 1,000,000")
    return float(value)


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, msgspec.json.encode(body), {"Content-Type": "application/json"})
