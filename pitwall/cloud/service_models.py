"""Whether the service descriptions that the clients are made from are in this copy of the program.

A frozen build carries only the services that Pitwall speaks to, so this is asked by its self-test.
No network and no account is needed.
"""

from __future__ import annotations

import os
import ssl
from functools import cache

SERVICES = (
    "dynamodb",
    "dynamodbstreams",
    "kinesis",
    "s3",
    "firehose",
    "lambda",
    "cloudformation",
    "sts",
)


def service_api_versions(services: tuple[str, ...] = SERVICES) -> dict[str, str]:
    """The API version of each service's description, by service name.

    Raises:
        botocore.exceptions.DataNotFoundError: a description, or the rules that say where the
            service is reached, are not in this copy.
    """
    from botocore.loaders import create_loader

    loader = create_loader()
    found = {}
    for service in services:
        model = loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
        found[service] = str(model["metadata"]["apiVersion"])
    return found


@cache
def stream_starts_at_timestamp() -> bool:
    """Whether a DynamoDB Streams iterator can be opened at a time, as this botocore knows it."""
    from botocore.loaders import create_loader

    model = create_loader().load_service_model("dynamodbstreams", "service-2")
    kinds = model["shapes"]["ShardIteratorType"]["enum"]
    return "AT_TIMESTAMP" in kinds


def trusted_certificates() -> int:
    """How many certificate authorities an HTTPS connection to the cloud would trust.

    Raises:
        OSError: the file of authorities is missing or unreadable.
    """
    from botocore.httpsession import get_cert_path

    path = os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True)
    context = ssl.create_default_context(cafile=str(path))
    return len(context.get_ca_certs())
