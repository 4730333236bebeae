"""Errors in the shape the services give them, so that clients raise their typed exceptions."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """A refusal or failure that goes back to the client as the service would word it.

    Attributes:
        type: the service's exception name (``ResourceNotFoundException``, ``NoSuchKey``).
        message: one sentence for the reader.
        status: HTTP status.
        extra: further members of a JSON error (the item of a failed condition).
    """

    def __init__(
        self, type: str, message: str, status: int = 400, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message
        self.status = status
        self.extra = extra or {}


def invalid(message: str) -> AwsError:
    """A ``ValidationException``: the request is not one the service accepts."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """A ``ResourceNotFoundException``: no such table, stream, shard or delivery stream."""
    return AwsError("ResourceNotFoundException", message)
