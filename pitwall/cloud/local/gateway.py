"""From an HTTP request to the service that it is for, and the answer back."""

from __future__ import annotations

import itertools
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from pitwall.cloud.local import sts
from pitwall.cloud.local.control import Control
from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.s3 import S3, error_response
from pitwall.cloud.local.server import Request, Response
from pitwall.cloud.local.service import ACCOUNT, Service

_log = logging.getLogger(__name__)
# the service that a request was signed for: what has neither target nor this is S3's
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_Call = Callable[[str, dict[str, Any], bool], dict[str, Any]]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(type=dict[str, Any]).decode


class Gateway:
    """Dispatches by ``X-Amz-Target``, by the control path, and to S3 otherwise.

    Credentials are looked at when the service knows some (:class:`Access`); otherwise any will do.

    Args:
        service: what answers.
        stopping: set when the server goes down, so that an added delay ends early.
    """

    def __init__(self, service: Service, stopping: threading.Event) -> None:
        self._service = service
        self._stopping = stopping
        self._delay_s = service.config.latency_ms / 1e3
        self._control = Control(service)
        self._s3 = S3(service.objects)
        self._requests = itertools.count(1)
        # target prefix -> (name in faults, version of the error's namespace, JSON version, call)
        self._targets: dict[str, tuple[str, str, str, _Call]] = {
            "DynamoDB_20120810": (
                "dynamodb",
                "com.amazonaws.dynamodb.v20120810",
                "1.0",
                service.dynamodb.call,
            ),
            "DynamoDBStreams_20120810": (
                "streams",
                "com.amazonaws.dynamodb.v20120810",
                "1.0",
                service.streams.call,
            ),
            "Firehose_20150804": (
                "firehose",
                "com.amazonaws.firehose.v20150804",
                "1.1",
                service.firehose.call,
            ),
        }

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/_standin/"):
            return self._control(request)
        if self._service.faults.out:
            return Response(503, drop=True)
        if self._delay_s:
            self._stopping.wait(self._delay_s)
        target = request.headers.get("x-amz-target")
        if target is None:
            return self._object(request)
        return self._json(target, request)

    def _object(self, request: Request) -> Response:
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        if scope and scope[1] == "sts":
            return sts.answer(self._service.access, ACCOUNT, request)
        try:
            if scope and scope[1] != "s3":
                raise AwsError("NotImplemented", f"no service {scope[1]} here", 501)
            self._service.access.check_s3(request)
            self._service.faults.check("s3", S3.operation(request))
        except AwsError as error:
            return error_response(error, request)
        return self._s3.call(request)

    def _json(self, target: str, request: Request) -> Response:
        prefix, _, operation = target.partition(".")
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "x-amzn-RequestId": f"{next(self._requests):032X}",
        }
        found = self._targets.get(prefix)
        if found is None:
            body = {"__type": "UnknownOperationException", "message": f"no service {prefix}"}
            return Response(400, _encode(body), headers)
        service, namespace, version, call = found
        headers["Content-Type"] = f"application/x-amz-json-{version}"
        try:
            self._service.access.check_json(service, operation, request)
            partial = self._service.faults.check(service, operation)
            try:
                asked = _decode(request.body)
            except msgspec.MsgspecError:
                raise AwsError("SerializationException", "The body is not a JSON object") from None
            return Response(200, _encode(call(operation, asked, partial)), headers)
        except AwsError as error:
            body = {"__type": f"{namespace}#{error.type}", "message": error.message, **error.extra}
            return Response(error.status, _encode(body), headers)
        except (TypeError, AttributeError, KeyError) as error:
            # A member of the wrong JSON type; the service words it as a failure to deserialise.
            _log.warning("%s: %r", target, error)
            body = {
                "__type": f"{namespace}#SerializationException",
                "message": f"{operation}: a member has the wrong type",
            }
            return Response(400, _encode(body), headers)
