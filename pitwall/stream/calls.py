"""Calls of AWS clients that were made elsewhere: their dates noted, their errors as Faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitwall.stream.faults import (
    Denied,
    Expired,
    Fault,
    NotFound,
    Rejected,
    Retryable,
    Throttled,
    Trimmed,
)
from pitwall.stream.skew import ServerClock
from pitwall.stream.timing import Time

_FAULTS: dict[str, type[Fault]] = {
    "ExpiredIteratorException": Expired,
    "TrimmedDataAccessException": Trimmed,
    "ResourceNotFoundException": NotFound,
    # A listing's token has run out: the listing is dropped and begun again.
    "ExpiredNextTokenException": Retryable,
    # A stream that is being made.
    "ResourceInUseException": Retryable,
    "LimitExceededException": Throttled,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "RequestLimitExceeded": Throttled,
    "KMSThrottlingException": Throttled,
    "InternalServerError": Retryable,
    "InternalFailure": Retryable,
    "InternalFailureException": Retryable,
    "ServiceUnavailable": Retryable,
    "ValidationException": Rejected,
    "InvalidArgumentException": Rejected,
    "SerializationException": Rejected,
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "SlowDown": Throttled,
    "RequestTimeTooSkewed": Denied,
    "AccessDenied": Denied,
    "AccessDeniedException": Denied,
    "UnrecognizedClientException": Denied,
    "ExpiredTokenException": Denied,
    "ExpiredToken": Denied,
    "InvalidSignatureException": Denied,
    "SignatureDoesNotMatch": Denied,
    "MissingAuthenticationTokenException": Denied,
    "IncompleteSignatureException": Denied,
    "KMSAccessDeniedException": Denied,
    "KMSDisabledException": Denied,
    "KMSInvalidStateException": Denied,
    "KMSNotFoundException": Denied,
    "KMSOptInRequired": Denied,
}


def call(
    client: Any,
    operation: Callable[..., Any],
    request: dict[str, Any],
    server: ServerClock,
    time: Time,
) -> dict[str, Any]:
    """One call of an AWS client: its date goes to ``server``, its errors become Faults.

    The client's own classes are not imported: coded errors are known by
    ``client.exceptions.ClientError``, connection errors by the package that defines them.
    """
    sent = time.now_us()
    try:
        doc: dict[str, Any] = operation(**request)
    except client.exceptions.ClientError as error:
        response = getattr(error, "response", None) or {}
        _note(response, server, sent, time)
        raise _fault(response, str(error)) from error
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith(("botocore", "urllib3")):
            raise _transport(error) from error
        raise
    _note(doc, server, sent, time)
    return doc


def _note(doc: dict[str, Any], server: ServerClock, sent: int, time: Time) -> None:
    headers = (doc.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    server.note(headers.get("date"), sent, time.now_us())


def _fault(response: dict[str, Any], text: str) -> Fault:
    code = str((response.get("Error") or {}).get("Code", ""))
    kind = _FAULTS.get(code)
    if kind is None:
        status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
        if status >= 500 or status == 0:
            kind = Retryable
        elif status == 429:
            kind = Throttled
        else:
            kind = Denied if status in (401, 403) else Rejected
    return kind(text)


def _transport(error: Exception) -> Fault:
    # No credentials is a state that waiting does not mend; a lost connection is.
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "SSO" in name or "Profile" in name:
        return Denied(str(error))
    return Retryable(f"{name}: {error}")
