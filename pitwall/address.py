"""Where a session of the cloud is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitwall.cloud.endpoints import masked

if TYPE_CHECKING:
    from pitwall.cloud.clients import Clients
    from pitwall.cloud.mapping import PlainMapping


@dataclass(frozen=True, slots=True)
class CloudAddress:
    """Where a session's table and archive are.

    Attributes:
        bucket: of the archive; empty for none, None for the one that belongs to the table.
        kinesis: name or ARN of the Kinesis stream that carries the table's changes; empty for the
            table's own stream.
        mapping: how items are read that are not our producers'; None for ours.
        table_only: the stream is left alone; the table itself is followed.
        bucket_owner: account that ``bucket`` has to be of; empty for the table's.
    """

    table: str
    bucket: str | None
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    kinesis: str = ""
    mapping: PlainMapping | None = None
    table_only: bool = False
    bucket_owner: str = ""

    @property
    def shown(self) -> str:
        """As the window names it."""
        place = masked(self.endpoint_url or "") or self.region or self.profile or "AWS"
        names = f"{self.table} + {self.kinesis}" if self.kinesis else self.table
        return f"{names} · {place}"

    def clients(self) -> Clients:
        """New clients for this address. Raises Failure in one line."""
        from pitwall.cloud.clients import make_clients

        clients = make_clients(self.endpoint_url, self.profile, self.region)
        if self.bucket:
            clients.expect_owner(self.bucket, self.bucket_owner, self.table)
        return clients
