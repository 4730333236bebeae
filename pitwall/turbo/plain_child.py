"""Reading objects of somebody else's archive in processes of its own.

JSON is read with the interpreter's lock held: in threads the window would stand still meanwhile,
and two would be no faster than one. The first message is the mapping as JSON; each job is the
objects, answered by what they held, both as MessagePack.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import IO, Protocol

import msgspec

from pitwall.cloud.mapping import PlainMapping
from pitwall.turbo.children import Children, receive, send, streams
from pitwall.turbo.plain_parts import Parts, PlainParts

VERB = "read-plain"
_objects = msgspec.msgpack.Decoder(list[bytes])
_parts = msgspec.msgpack.Decoder(Parts)


class PlainReading(Protocol):
    """Reads objects. Any thread may call it."""

    def read(self, objects: Sequence[bytes]) -> Parts:
        """What some objects held. Raises Failure."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class PlainChildren:
    """Reads in up to ``count`` processes, each started when it is first needed."""

    def __init__(self, mapping: PlainMapping, count: int) -> None:
        first = msgspec.json.encode(mapping)
        self._children = Children(
            VERB, "pitwall.turbo.plain_child", first, "a reader of the archive", count
        )

    def read(self, objects: Sequence[bytes]) -> Parts:
        """As one of the children reads them; waits while all are busy. Raises Failure."""
        with self._children.one() as child:
            answer = child.ask(msgspec.msgpack.encode(objects))
        return _parts.decode(answer)

    def close(self) -> None:
        """End all of them, also those at work: their jobs fail."""
        self._children.close()


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """The child's work, until ``source`` ends."""
    first = receive(source)
    if first is None:
        return
    reader = PlainParts(msgspec.json.decode(first, type=PlainMapping))
    while (message := receive(source)) is not None:
        objects = _objects.decode(message)
        del message
        send(sink, msgspec.msgpack.encode(reader.read(objects)))


def main() -> None:
    """Be a child."""
    source, sink = streams()
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(source, sink)


if __name__ == "__main__":
    main()
