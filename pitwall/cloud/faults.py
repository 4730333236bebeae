"""What a failed AWS call comes down to, in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pitwall.cloud.access import missing
from pitwall.cloud.endpoints import masked

Kind = Literal["denied", "stale", "unknown", "skew", ""]
"""Why credentials did not get a call through; empty for anything else."""

_ACTION = re.compile(r"perform:? ([a-z0-9-]+:[A-Za-z*]+)(?: on resource:? (\S+))?")
_SIGN_IN = "sign in with `aws sso login`, set AWS_PROFILE, or give --profile"
# error codes of the services, as their API references list them
_DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "Forbidden", "403"}
_STALE = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_UNKNOWN = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationTokenException",
    "MissingAuthenticationToken",
}
_SKEW = {"RequestTimeTooSkewed", "RequestInTheFuture"}
# most services have no code of its own for a wrong clock, and tell it as a signature that is wrong
_SKEW_WORDS = ("signature expired", "signature not yet current")
_ABSENT = {
    "ResourceNotFoundException": "no such table or stream in this account and region",
    "NoSuchBucket": "no such bucket",
    "TrimmedDataAccessException": "the stream no longer holds records that old (24 hours)",
}
_KEY = {
    "KMSAccessDeniedException": "these credentials may not use it: allow kms:Decrypt on it",
    "KMSDisabledException": "it is disabled: enable it in KMS",
    "KMSInvalidStateException": "its state does not allow use: is its deletion scheduled?",
    "KMSNotFoundException": "it does not exist any more",
    "KMSOptInRequired": "this account has no subscription to KMS",
}
_SLOW = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "ThroughputExceeded",
    "KMSThrottlingException",
    "SlowDown",
}
_UNREACHED = {"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"}
_BROKEN = {"ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "ConnectionError"}
# botocore's for XML, ours for JSON; the network is to be waited for, as when it is not there
_STRANGERS = {"ResponseParserError", "StrangerAnswered"}
_PASSING = _UNREACHED | _BROKEN | _STRANGERS


def explain(error: BaseException) -> str:
    """One line: what failed, where, and what to do about it. Any exception is taken."""
    return masked(_explain(error))


def _explain(error: BaseException) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        return _service(response["Error"], str(getattr(error, "operation_name", "AWS call")))
    name = type(error).__name__
    told = _CLIENT.get(name)
    kwargs = getattr(error, "kwargs", {})
    if told is not None:
        return told.format(**{"url": "?", "profile": "?", **_plain(kwargs)})
    if name in _UNREACHED:
        return f"cannot reach {_url(kwargs)}: check the network, the region and --endpoint-url"
    if name in _BROKEN:
        return f"connection to {_url(kwargs)} broke or timed out: check the network"
    if name == "SSLError":
        return f"TLS to {_url(kwargs)} failed: a proxy's certificate? set AWS_CA_BUNDLE"
    if name in _STRANGERS:
        what = f" ({error})" if name == "StrangerAnswered" else ""
        return (
            f"what answered is not AWS{what}: a proxy, or the network's own page to sign in? Check "
            "the network and --endpoint-url"
        )
    return f"AWS: {' '.join(str(error).split()) or name}"


_CLIENT = {
    "NoCredentialsError": f"no AWS credentials: {_SIGN_IN}",
    "PartialCredentialsError": "AWS credentials are incomplete: set key id and secret key together",
    "CredentialRetrievalError": f"AWS credentials could not be read: {_SIGN_IN}",
    "SSOTokenLoadError": f"no SSO login for this profile: {_SIGN_IN}",
    "UnauthorizedSSOTokenError": f"the SSO login has expired: {_SIGN_IN}",
    "TokenRetrievalError": f"the SSO login has expired: {_SIGN_IN}",
    "LoginTokenLoadError": f"the login has expired: {_SIGN_IN}",
    "NoRegionError": "no AWS region: set AWS_REGION or give --region",
    "InvalidRegionError": "the AWS region is not written as regions are: e.g. us-east-1",
    "ProfileNotFound": "AWS profile {profile!r} does not exist: see `aws configure list-profiles`",
    "ConfigParseError": "the AWS configuration file cannot be read: check its syntax",
    "InvalidEndpointConfigurationError": "the configured AWS endpoint is not a URL",
}


def _service(error: dict[str, Any], operation: str) -> str:
    code = str(error.get("Code", ""))
    message = " ".join(str(error.get("Message", "")).split())
    kind = kind_of(error)
    if kind == "denied":
        found = _ACTION.search(message)
        owner = error.get("ExpectedBucketOwner")
        if found is None and owner:
            return (
                f"access denied: {operation} is not allowed for these credentials, or the bucket "
                f"is not account {owner}'s: bucket names are the whole world's, so it may be "
                "another's; if that is meant, say whose with --bucket-owner"
            )
        if found is None:
            return f"access denied: {operation} is not allowed for these credentials"
        resource = (found[2] or "").rstrip(".,")
        return f"access denied: {missing(found[1], resource, barred=is_barred(error))}"
    if kind == "stale":
        return f"the AWS session has expired ({operation}): {_SIGN_IN}"
    if kind == "unknown":
        return f"AWS does not know these credentials ({code}): {_SIGN_IN}"
    if kind == "skew":
        return f"this machine's clock is wrong ({code}): set it to network time"
    if code in _ABSENT:
        return f"{operation}: {_ABSENT[code]} ({message})"
    if code in _KEY:
        return f"{operation}: the stream is encrypted and its key fails: {_KEY[code]} ({message})"
    if code in _SLOW:
        return f"{operation}: AWS keeps throttling ({message or code})"
    return f"{operation}: {code}: {message}"


def is_barred(error: Mapping[str, Any]) -> bool:
    """Whether a service's error (``Message``) says that a statement denies what was asked."""
    return "with an explicit deny" in str(error.get("Message", ""))


def kind_of(error: Mapping[str, Any]) -> Kind:
    """Why a service's error (``Code``, ``Message``) refuses the caller; empty when it does not."""
    code = str(error.get("Code", ""))
    message = str(error.get("Message", "")).casefold()
    if code in _SKEW or (code in _UNKNOWN and message.startswith(_SKEW_WORDS)):
        return "skew"
    if code in _DENIED:
        return "denied"
    if code in _STALE:
        return "stale"
    return "unknown" if code in _UNKNOWN else ""


def is_denied(error: BaseException | None) -> bool:
    """Whether a service refused the caller for want of a permission."""
    response = getattr(error, "response", None)
    found = response.get("Error") if isinstance(response, dict) else None
    return isinstance(found, dict) and kind_of(found) == "denied"


def _url(kwargs: dict[str, Any]) -> str:
    return str(kwargs.get("endpoint_url") or kwargs.get("proxy_url") or "the AWS endpoint")


def _plain(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in kwargs.items()}


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed a little later: throttling, a server's fault, a broken
    connection; not a refusal, nor credentials or configuration that are wrong."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return response["Error"].get("Code") in _SLOW or status >= 500
    return type(error).__name__ in _PASSING


def is_throttled(error: BaseException) -> bool:
    """Whether the service refused the call only because there are too many."""
    response = getattr(error, "response", None)
    return isinstance(response, dict) and response.get("Error", {}).get("Code") in _SLOW
