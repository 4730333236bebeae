"""A low-level client that answers what it is told to, one answer after the other."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.response = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
        }


class Exceptions:
    ClientError = ClientError


class Client:
    """Answers one after the other; an exception is raised."""

    exceptions = Exceptions()

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def _next(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    describe_stream = describe_stream_summary = list_shards = _next
    get_shard_iterator = get_records = _next
