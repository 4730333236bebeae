"""What stands between a person at a window and the table, and what to type about it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from pitwall.cloud.endpoints import masked
from pitwall.cloud.faults import explain, kind_of

_SSO_EXPIRED = frozenset({"UnauthorizedSSOTokenError", "TokenRetrievalError"})
_UNREACHED = frozenset(
    {
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
        "ProxyConnectionError",
        "HTTPClientError",
    }
)
_OTHER_KEYS = ("missed key schema element", "not match the schema")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a table could not be read.

    Attributes:
        text: one line, with what to do.
        command: what to type in a terminal; empty when no command helps.
        denied: True when a permission is missing.
    """

    text: str
    command: str = ""
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """What was asked, for the words.

    Attributes:
        profile: empty for the default chain.
        region: empty when none is configured.
        table: empty when none was asked for.
        endpoint: empty for AWS itself.
        regions: those that are known.
        sso: whether the profile signs in by SSO.
    """

    profile: str = ""
    region: str = ""
    table: str = ""
    endpoint: str = ""
    regions: tuple[str, ...] = ()
    sso: bool = False


def trouble_of(error: BaseException, where: Where) -> Trouble:
    """What ``error``, ours or botocore's, comes down to."""
    for one in _causes(error):
        response = getattr(one, "response", None)
        if isinstance(response, dict) and isinstance(response.get("Error"), dict):
            return _refused(one, response, where)
        found = _local(type(one).__name__, one, where)
        if found is not None:
            return found
    return Trouble(str(error) or type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the deepest first."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__
    yield from reversed(chain)


def _local(name: str, error: BaseException, where: Where) -> Trouble | None:
    """What is wrong on this side of the wire."""
    who = f"profile {where.profile}" if where.profile else "the default profile"
    if name in _SSO_EXPIRED:
        return Trouble(
            f"the SSO login of {who} has expired: type the command below in a terminal, sign in "
            "in the browser, then refresh",
            _sign_in(where),
        )
    if name == "SSOTokenLoadError":
        return Trouble(
            f"there is no SSO login for {who} yet: type the command below in a terminal, sign in "
            "in the browser, then refresh",
            _sign_in(where),
        )
    if name == "LoginTokenLoadError":
        return Trouble(f"the login of {who} has expired: sign in again", _command("login", where))
    if name in ("NoCredentialsError", "CredentialRetrievalError", "PartialCredentialsError"):
        return Trouble(
            f"no usable AWS credentials in {who}: choose another profile, or set one up",
            "aws configure sso",
        )
    if name == "NoRegionError":
        return Trouble("no region: choose the one that the table is in")
    if name == "ProfileNotFound":
        return Trouble(
            f"{who} is not in the AWS configuration: choose another", "aws configure list-profiles"
        )
    if name in _UNREACHED:
        return Trouble(_unreached(error, where))
    if name == "SSLError":
        return Trouble("TLS failed: a proxy's certificate? Set AWS_CA_BUNDLE to its file")
    return None


def _unreached(error: BaseException, where: Where) -> str:
    if where.endpoint:
        return (
            f"nothing answers at {masked(where.endpoint)}: is it running, and is the address right?"
        )
    if where.region and where.regions and where.region not in where.regions:
        return f"no region is known as {where.region}: choose one of the list"
    url = str(getattr(error, "kwargs", {}).get("endpoint_url", ""))
    host = urlsplit(url).hostname or "AWS"
    return (
        f"cannot reach {host}: is this machine online? A firewall, proxy or VPN may stand between"
    )


def _refused(error: BaseException, response: dict[str, Any], where: Where) -> Trouble:
    """What a service has answered."""
    code = str(response["Error"].get("Code", ""))
    message = str(response["Error"].get("Message", ""))
    kind = kind_of(response["Error"])
    if kind == "skew":
        return Trouble(_skewed(response))
    if kind == "denied":
        return Trouble(explain(error), denied=True)
    if kind == "stale":
        if where.sso:
            return Trouble("the AWS session has expired: sign in again", _sign_in(where))
        return Trouble("these AWS credentials have expired: get new ones, then refresh")
    if kind == "unknown":
        region = f" in {where.region}" if where.region else ""
        return Trouble(
            f"AWS does not know these credentials{region} ({code}): is it the right profile, and "
            "is the region enabled for this account?"
        )
    if code == "ResourceNotFoundException":
        region = where.region or "this region"
        table = f"no table {where.table}" if where.table else "no such table"
        return Trouble(f"{table} in {region} of this account: check region, profile and name")
    if code == "ValidationException" and any(words in message for words in _OTHER_KEYS):
        return Trouble(
            f"table {where.table} is not one of Pitwall's: its keys are not pk and sk. Choose "
            "another; other producers' items are read by `pitwall live --mapping`"
        )
    return Trouble(explain(error))


def _skewed(response: dict[str, Any]) -> str:
    text = "this machine's clock is wrong, so AWS refuses what it signs: set it to network time"
    header = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        skew_s = parsedate_to_datetime(str(header)).timestamp() - time.time()
    except ValueError:
        return text
    side = "behind" if skew_s > 0 else "ahead"
    minutes = abs(skew_s) / 60
    return text.replace("is wrong", f"is {minutes:.0f} min {side}") if minutes >= 1 else text


def _sign_in(where: Where) -> str:
    return _command("sso login", where)


def _command(verb: str, where: Where) -> str:
    name = f" --profile {shlex.quote(where.profile)}" if where.profile else ""
    return f"aws {verb}{name}"
