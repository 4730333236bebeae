"""Requests for objects that are signed here and sent by whoever has no credentials: a child process
that fetches."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

_GOOD_FOR_S = 900
"""How long a signature holds: the request is sent at once, and tried again within a minute."""
_OWNER = "x-amz-expected-bucket-owner"


class SignedGet(NamedTuple):
    """A GET that needs nothing but to be sent.

    Attributes:
        url: with the signature; not to be shown or logged, it is good for some minutes.
        headers: to be sent as they are.
        authorities: path of the certificate authorities to trust.
    """

    url: str
    headers: dict[str, str]
    authorities: str


class Signer:
    """Signs requests for objects. Any thread may call it.

    Args:
        client: gives the S3 client.
        owner_of: whose a bucket has to be; empty where it is not known.
        authorities: the configured file of certificate authorities; None for botocore's own.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        owner_of: Callable[[str], str],
        authorities: Callable[[], str | None],
    ) -> None:
        self._client = client
        self._owner_of = owner_of
        self._authorities = authorities
        self._known: dict[str, tuple[dict[str, str], str] | None] = {}
        """By bucket: headers and authorities; None where requests cannot be sent by others. The
        same whoever looks first."""

    def get(self, bucket: str, key: str) -> SignedGet | None:
        """A request for an object; None where only the client itself can send one: through a
        proxy, or with headers that are not known here. Raises what botocore does."""
        client = self._client()
        url = client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=_GOOD_FOR_S
        )
        if bucket not in self._known:
            self._known[bucket] = self._look(client, bucket, url)
        known = self._known[bucket]
        return None if known is None else SignedGet(url, *known)

    def _look(self, client: Any, bucket: str, url: str) -> tuple[dict[str, str], str] | None:
        from botocore.httpsession import get_cert_path
        from botocore.utils import get_environ_proxies

        configured = client.meta.config.proxies
        if get_environ_proxies(url) if configured is None else configured:
            return None
        signed = parse_qs(urlsplit(url).query).get("X-Amz-SignedHeaders", [""])[0].split(";")
        headers = {_OWNER: self._owner_of(bucket)} if _OWNER in signed else {}
        if not set(signed) <= {"host", *headers}:
            return None
        authorities = self._authorities() or os.environ.get("REQUESTS_CA_BUNDLE")
        return headers, str(authorities or get_cert_path(True))
