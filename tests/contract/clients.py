"""Clients of local endpoints, with nothing of the machinery that starts them."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


def client(service: str, endpoint: str) -> Any:
    """A boto3 client for a local endpoint: dummy credentials, no retries."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            connect_timeout=60,
            read_timeout=60,
        ),
    )
