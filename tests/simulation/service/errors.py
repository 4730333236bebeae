"""The errors of the real clients: botocore's own classes, made by hand."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

CODES = (
    "AccessDeniedException",
    "ExpiredIteratorException",
    "ExpiredNextTokenException",
    "InternalFailure",
    "InternalServerError",
    "InvalidArgumentException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ResourceNotFoundException",
    "ServiceUnavailable",
    "ThrottlingException",
    "TrimmedDataAccessException",
    "ValidationException",
)
_STATUS = {"InternalServerError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}
_CLASSES = {code: type(code, (ClientError,), {}) for code in CODES}


class Exceptions:
    """``client.exceptions``."""

    ClientError = ClientError

    def __getattr__(self, name: str) -> Any:
        try:
            return _CLASSES[name]
        except KeyError:
            raise AttributeError(name) from None


class Refused(Exception):
    """Raised inside the service; the client turns it into the error that callers see."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def client_error(refused: Refused, operation: str, date: str) -> ClientError:
    """What a caller sees of a refusal."""
    status = _STATUS.get(refused.code, 400)
    response = {
        "Error": {"Code": refused.code, "Message": refused.message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}},
    }
    error: ClientError = _CLASSES[refused.code](response, operation)
    return error


def unreachable() -> Exception:
    """No connection."""
    return EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")


def no_answer() -> Exception:
    """The request went out and nothing came back."""
    return ReadTimeoutError(endpoint_url="http://127.0.0.1:1/")


def cut_off() -> Exception:
    """The connection broke while the answer was on its way."""
    return ConnectionClosedError(endpoint_url="http://127.0.0.1:1/")
