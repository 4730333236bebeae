"""What our own child processes are told to do; the frozen build has no other way to run them."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.telemetry import BadInput


def _stand_in(words: list[str]) -> int:
    from pitwall.cloud.local import main as stand_in

    return stand_in(words)


def _demo_publisher(words: list[str]) -> int:
    from pitwall.cloud.local.demo_publisher import main as demo_publisher

    return demo_publisher(words)


def _demo_prepare(words: list[str]) -> int:
    from pitwall.demo import prepare_race

    if words:
        raise BadInput("demo-prepare takes no arguments")
    prepare_race()
    return 0


def _read_plain(words: list[str]) -> int:
    from pitwall.turbo.plain_child import main as read_plain

    if words:
        raise BadInput("read-plain takes no arguments")
    read_plain()
    return 0


def _unpack(words: list[str]) -> int:
    from pitwall.turbo.unpack_child import main as unpack

    unpack(_handle("unpack", words))
    return 0


def _fetch(words: list[str]) -> int:
    from pitwall.turbo.fetch_child import main as fetch

    fetch(_handle("fetch", words))
    return 0


def _handle(verb: str, words: list[str]) -> int | None:
    if len(words) > 1 or not "".join(words).isdecimal() == bool(words):
        raise BadInput(f"{verb} takes the handle of a socket, or nothing")
    return int(words[0]) if words else None


CHILDREN: dict[str, Callable[[list[str]], int]] = {
    "stand-in": _stand_in,
    "demo-publisher": _demo_publisher,
    "demo-prepare": _demo_prepare,
    "read-plain": _read_plain,
    "unpack": _unpack,
    "fetch": _fetch,
}
"""Verbs that our own child processes use; the frozen build has no other way to run them."""
