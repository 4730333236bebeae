"""Numbers of things in a sentence."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """``1 car``, ``8 cars``, ``12,345 chunks``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
