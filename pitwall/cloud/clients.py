"""AWS clients: the one place where botocore is imported, and only when clients are made.

botocore's whole standard configuration holds (boto3 adds none): profiles, SSO, regions, retries,
``AWS_ENDPOINT_URL`` and its per-service forms, proxies, CA bundles. Clients may be shared by
threads; making them is guarded here, since botocore's sessions may not.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pitwall.cloud import listing
from pitwall.cloud.endpoints import RegionalFallback, masked
from pitwall.cloud.faults import explain
from pitwall.cloud.owners import BucketOwners
from pitwall.cloud.parser import FastParserFactory
from pitwall.cloud.prepared import prepare_with
from pitwall.cloud.signed import SignedGet, Signer
from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from botocore.session import Session as BotocoreSession

CONNECT_S = 5.0
READ_S = 30.0
LOCAL_REGION = "us-east-1"
NO_USER = "give it without user and password: calls are signed with AWS credentials"
"""What to do about an endpoint that carries them."""
_MAX_ATTEMPTS = 4
_BY_THEMSELVES = ("dynamodbstreams", "kinesis")
"""Services whose reader waits and asks again by itself: it must see every refusal, and what the
client repeats on its own is more than a shard serves."""
_BY_ACCOUNT = ("dynamodb", "dynamodbstreams")
"""Services that have endpoints of each account's own."""
# Providers that read this machine's environment and files; the others ask a service elsewhere.
_HERE = frozenset({"env", "shared-credentials-file", "config-file"})


class TableAndBucket(Protocol):
    """What of the clients reads or writes the table and the archive; each is made when it is first
    asked for."""

    @property
    def dynamodb(self) -> Any:
        """A DynamoDB client."""
        ...

    @property
    def s3(self) -> Any:
        """An S3 client."""
        ...


class Clients:
    """The service clients of one configuration, each made when first asked for.

    Errors while one is made are Failure with one clear line.
    """

    def __init__(self, session: BotocoreSession, endpoint_url: str | None, pool: int) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._pool = pool
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._owners = BucketOwners(self._account_of)
        self._signer = Signer(
            lambda: self.s3,
            self._owners.owner_of,
            lambda: session.get_config_variable("ca_bundle"),
        )
        self.on_notice: Callable[[str], None] = lambda text: None
        """Told in one line of what the clients found out about the way to the service, on the
        thread of a call. Set by whoever shows it."""

    @property
    def dynamodb(self) -> Any:
        """The DynamoDB client."""
        return self._client("dynamodb")

    @property
    def streams(self) -> Any:
        """The DynamoDB Streams client."""
        return self._client("dynamodbstreams")

    @property
    def kinesis(self) -> Any:
        """The Kinesis Data Streams client."""
        return self._client("kinesis")

    @property
    def s3(self) -> Any:
        """The S3 client; path-style when its endpoint is not AWS's own."""
        return self._client("s3")

    @property
    def at_aws(self) -> bool:
        """Whether S3 is AWS's own, where bucket names are the whole world's; not a stand-in."""
        return is_aws(self.s3.meta.endpoint_url)

    def expect_owner(self, bucket: str, account: str = "", table: str = "") -> None:
        """Have calls on a bucket that was named by hand refused where it is not ``account``'s, or
        that of the account that ``table`` is in; at AWS itself, as far as it can be looked up."""
        self._owners.expect(bucket, account, table)

    def signed_get(self, bucket: str, key: str) -> SignedGet | None:
        """A signed request for an object; None where only the S3 client can send one."""
        return self._signer.get(bucket, key)

    def _account_of(self, table: str) -> str:
        try:
            answer = self.dynamodb.describe_table(TableName=table)
            return str(answer["Table"]["TableArn"]).split(":")[4]
        except Exception:  # noqa: BLE001 - what is wrong with the table shows when it is read
            return ""

    def service(self, name: str) -> Any:
        """The client of another service, by botocore's name for it."""
        return self._client(name)

    def credentials(self) -> tuple[str, datetime | None] | None:
        """Where credentials come from and until when they hold; None when there are none.

        Raises Failure when they cannot be had: an SSO login that has expired, say.
        """
        from botocore.exceptions import BotoCoreError

        try:
            found = self._session.get_credentials()
            if found is None:
                return None
            found.get_frozen_credentials()  # refreshes what has expired
        except (BotoCoreError, ValueError) as error:
            raise Failure(explain(error)) from error
        # botocore keeps the moment to itself
        expires = getattr(found, "_expiry_time", None)
        return str(found.method), expires if isinstance(expires, datetime) else None

    @property
    def region(self) -> str:
        """The region of the configuration; empty when there is none."""
        return str(self._session.get_config_variable("region") or "")

    def close(self) -> None:
        """Close the connections of all clients that were made."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()

    def _client(self, service: str) -> Any:
        with self._lock:
            client = self._made.get(service)
            if client is None:
                client = self._made[service] = self._make(service)
            return client

    def _make(self, service: str) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            client = self._create(service, {})
            if service == "s3" and not is_aws(client.meta.endpoint_url):
                client.close()
                # a bucket's name before a stand-in's host resolves nowhere
                client = self._create(service, {"s3": {"addressing_style": "path"}})
            elif service in _BY_ACCOUNT and is_aws(client.meta.endpoint_url):
                client = self._with_fallback(service, client)
            elif service == "s3":
                self._owners.attach(client)
            if service == "s3":
                listing.once(client)
        except (BotoCoreError, ValueError) as error:
            raise Failure(explain(error)) from error
        return client

    def _with_fallback(self, service: str, client: Any) -> Any:
        if client.meta.config.account_id_endpoint_mode != "preferred":
            return client  # the configuration has decided
        return RegionalFallback(
            client,
            lambda: self._regional(service),
            lambda text: self.on_notice(text),
        )

    def _regional(self, service: str) -> Any:
        with self._lock:
            return self._create(service, {"account_id_endpoint_mode": "disabled"})

    def _create(self, service: str, options: dict[str, Any]) -> Any:
        from botocore.config import Config

        options = {
            "connect_timeout": CONNECT_S,
            "read_timeout": READ_S,
            "tcp_keepalive": True,
            "max_pool_connections": self._pool,
            # Put together once; botocore does it twice a request, a tenth of what one costs.
            "user_agent": self._session.user_agent(),
            "user_agent_extra": "pitwall",
            **options,
        }
        if service == "s3":
            # In some regions botocore signs URLs as of old, which buckets with keys of KMS refuse.
            options["signature_version"] = "s3v4"
        retries = _retries(self._session, 1 if service in _BY_THEMSELVES else _MAX_ATTEMPTS)
        if retries:
            options["retries"] = retries
        if is_loopback(self._endpoint_url):
            options["proxies"] = {}  # a proxy would look for the address on its own machine
        return self._session.create_client(
            service, endpoint_url=self._endpoint_url, config=Config(**options)
        )


def make_clients(
    endpoint_url: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    pool: int = 32,
) -> Clients:
    """Clients of one configuration; nothing is sent yet.

    Args:
        endpoint_url: goes before every configured endpoint, for all services. With it, the region
            need not be configured; when it is this machine and no credentials are found in the
            environment or in files, dummy ones are used.
        profile: a profile of the AWS configuration; the environment's or the default one if None.
        region: goes before the configured one; ``AWS_REGION`` comes last.
        pool: connections kept per client; as many as threads that use it.

    Raises:
        BadInput: the endpoint carries a user or password.
        Failure: the profile does not exist, or the endpoint is no URL.
    """
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session as BotocoreSession

    if endpoint_url is not None:
        if urlsplit(endpoint_url).scheme not in ("http", "https"):
            url = masked(endpoint_url)
            raise Failure(f"endpoint {url!r}: give a URL such as http://127.0.0.1:8000")
        if "@" in urlsplit(endpoint_url).netloc:
            raise BadInput(f"endpoint {masked(endpoint_url)}: {NO_USER}")
    session = BotocoreSession(profile=profile)
    stock = session.get_component("response_parser_factory")
    session.register_component("response_parser_factory", FastParserFactory(stock))
    prepare_with(session)
    try:
        # AWS_REGION is what the AWS command line and Lambda go by; botocore itself does not read it
        region = region or session.get_config_variable("region") or os.environ.get("AWS_REGION")
        if region or endpoint_url:
            session.set_config_variable("region", region or LOCAL_REGION)
        if is_loopback(endpoint_url):
            _local_credentials(session, ask_elsewhere=profile is not None)
    except (BotoCoreError, ValueError) as error:
        raise Failure(explain(error)) from error
    return Clients(session, endpoint_url, pool)


def is_loopback(url: str | None) -> bool:
    """Whether ``url`` is this machine itself."""
    host = (urlsplit(url).hostname or "") if url else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_aws(url: str) -> bool:
    """Whether ``url`` is an endpoint of AWS itself, in any partition."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".aws.dev")) or (
        ".amazonaws." in host
    )


def _retries(session: BotocoreSession, attempts: int) -> dict[str, Any]:
    """Standard mode and so many attempts, unless the configuration says otherwise."""
    scoped = session.get_scoped_config()
    options: dict[str, Any] = {}
    if not (os.environ.get("AWS_RETRY_MODE") or scoped.get("retry_mode")):
        options["mode"] = "standard"
    if not (os.environ.get("AWS_MAX_ATTEMPTS") or scoped.get("max_attempts")):
        options["total_max_attempts"] = attempts
    return options


def _local_credentials(session: BotocoreSession, *, ask_elsewhere: bool) -> None:
    """Credentials for a service on this machine: those at hand, else dummy ones.

    Unless a profile was named, providers that would ask another machine are left out: a stand-in
    must work without the network and without a fresh SSO login.
    """
    resolver: Any = session.get_component("credential_provider")
    if not ask_elsewhere:
        for provider in list(resolver.providers):
            if provider.METHOD not in _HERE:
                resolver.remove(provider.METHOD)
    if session.get_credentials() is None:
        session.set_credentials("local", "local")
