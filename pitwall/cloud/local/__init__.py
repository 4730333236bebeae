"""The local stand-in for the cloud services, and the demo's field of cars.

Nothing is imported here before it is used: the stand-in starts in a fraction of a second and its
parents need only :mod:`pitwall.cloud.local.process`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stand-in as this process; see :mod:`pitwall.cloud.local.serve`."""
    from pitwall.cloud.local.serve import serve

    return serve(argv)
