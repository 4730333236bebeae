"""What the window's dialogs ask of the cloud, answered on the thread that asks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pitwall.places import recording_path
from pitwall.ui.address import Address
from pitwall.ui.dialogs.services import Patient

if TYPE_CHECKING:
    from pitwall.address import CloudAddress
    from pitwall.cloud.browse import Configuration, Listing
    from pitwall.cloud.clients import Clients
    from pitwall.cloud.doctor import Finding
    from pitwall.cloud.trouble import Trouble
    from pitwall.run import OnEvent, Run

_POOL = 4
_SIGNS = (
    "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB",
)  # fmt: skip


class CloudDesk:
    """Profiles, tables, sessions, the doctor; and the joining of a session that was chosen.

    Clients are made anew for each question: what was signed in to meanwhile counts.
    """

    def configuration(self) -> Configuration:
        """Profiles and regions of this machine. Raises Failure."""
        from pitwall.cloud.browse import read_configuration

        return read_configuration()

    def ready(self) -> bool:
        """Whether this machine is configured for AWS at all, or for something in its place."""
        from pitwall.telemetry import PitwallError

        if any(os.environ.get(name) for name in _SIGNS):
            return True
        try:
            found = self.configuration()
        except PitwallError:
            return True  # the dialog says what is wrong with it
        return bool(found.profiles or found.region)

    def browse(
        self, address: Address, say: Callable[[Listing], object], cancelled: Callable[[], bool]
    ) -> None:
        """Tell tables and sessions as they come; what goes wrong is told too."""
        from pitwall.cloud.browse import Listing, browse, read_configuration, where_of
        from pitwall.telemetry import PitwallError

        try:
            where = where_of(
                read_configuration(),
                address.profile,
                address.region,
                address.table,
                address.endpoint,
            )
            clients = _clients(address)
        except PitwallError as error:
            say(Listing(table=address.table, trouble=self.trouble(error, address)))
            return
        try:
            browse(clients, where, say, cancelled)
        finally:
            clients.close()

    def examine(
        self,
        address: Address,
        patient: Patient,
        say: Callable[[Finding], object],
        cancelled: Callable[[], bool],
    ) -> None:
        """Tell each finding of the doctor's. Raises BadInput or Failure."""
        from pitwall.cloud.access import Place
        from pitwall.cloud.doctor import Questions, examine

        clients = _clients(address)
        usual = Place()
        try:
            questions = Questions(
                place=Place(
                    address.table or usual.table,
                    address.bucket or usual.bucket,
                    address.kinesis.rpartition("/")[2],
                    region=clients.region or "*",
                ),
                role=patient.role,
                cars=patient.cars,
                groups=patient.groups,
                session=patient.session,
                bucket_given=bool(address.bucket),
            )
            examine(clients, questions, say, cancelled=cancelled)
        finally:
            clients.close()

    def roles(self) -> Sequence[str]:
        """Whose permissions can be tried."""
        from pitwall.cloud.doctor.findings import ROLES

        return ROLES

    def as_text(self, findings: Sequence[Finding]) -> str:
        """As the command prints them."""
        from pitwall.cloud.doctor import report_text

        lines = [line for finding in findings for line in finding.text()]
        return "\n".join([*lines, "", report_text(findings)]) + "\n"

    def as_json(self, findings: Sequence[Finding]) -> str:
        """As the command prints them with ``--json``."""
        from pitwall.cloud.doctor import report_json

        return json.dumps(report_json(findings), indent=2, ensure_ascii=False) + "\n"

    def join(self, address: Address, session: str, on_event: OnEvent) -> Run:
        """Join the session as `pitwall live` does. Raises BadInput or Failure."""
        from pitwall.run import Run

        found = self._found(address)
        return Run.joined(session, found, recording_path(session), on_event)

    def trouble(self, error: BaseException, address: Address) -> Trouble:
        """What keeps somebody from the table, in a line, and what to type."""
        from pitwall.cloud.browse import Configuration, read_configuration, where_of
        from pitwall.cloud.trouble import trouble_of
        from pitwall.telemetry import PitwallError

        try:
            configuration = read_configuration()
        except PitwallError:
            configuration = Configuration()
        where = where_of(
            configuration, address.profile, address.region, address.table, address.endpoint
        )
        return trouble_of(error, where)

    def _found(self, address: Address) -> CloudAddress:
        """With the table that is meant by an empty field; the bucket is found when it is joined."""
        from pitwall.address import CloudAddress
        from pitwall.cloud.access import Place

        return CloudAddress(
            address.table or Place().table,
            address.bucket or None,
            address.profile or None,
            address.region or None,
            address.endpoint or None,
            address.kinesis,
        )


def address_of(cloud: CloudAddress) -> Address:
    """The address as the dialogs have it."""
    return Address(
        cloud.profile or "",
        cloud.region or "",
        cloud.endpoint_url or "",
        cloud.table,
        cloud.bucket or "",
        cloud.kinesis,
    )


def _clients(address: Address) -> Clients:
    from pitwall.cloud.access import Place
    from pitwall.cloud.clients import make_clients

    clients = make_clients(
        address.endpoint or None, address.profile or None, address.region or None, _POOL
    )
    if address.bucket:
        clients.expect_owner(address.bucket, table=address.table or Place().table)
    return clients
