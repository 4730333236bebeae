"""Where a block's values are: in memory, or in the recording until somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pitwall.store.between import Totals
    from pitwall.store.block import Block

Values = NDArray[np.floating]
Fetch = Callable[["Block"], Values]
"""Reads a block's values from the recording. Raises BadInput or Failure."""


class Page:
    """The one part of a block that comes and goes; what it stands for never changes.

    Readers take :attr:`held` once: whoever has the array keeps it, whatever the pager does. Nobody
    waits for anybody: both states are one reference, swapped whole.

    Attributes:
        held: float[k, n]; None while they are in the recording only. Changed by the pager, and by
            whoever reads a page that is away.
        size: bytes of the values.
        totals: least, greatest, sum and count of the whole block; set by the pager before the
            values go, so that what was measured over them needs no reading.
    """

    __slots__ = ("_fetch", "held", "size", "totals")

    def __init__(self, values: Values) -> None:
        self.held: Values | None = values
        self.size = values.nbytes
        self.totals: Totals | None = None
        self._fetch: Fetch | None = None

    def put_away(self, fetch: Fetch) -> None:
        """Let go of the values; ``fetch`` brings them back."""
        self._fetch = fetch
        self.held = None

    def bring(self, values: Values) -> None:
        """They are here again."""
        self.held = values

    def read(self, block: Block) -> Values:
        """The values of ``block``, whose page this is; read from the recording when they are away,
        which takes a millisecond or two: not for the Qt thread, which asks first."""
        held = self.held
        if held is None:
            assert self._fetch is not None  # noqa: S101 - set before it was let go of
            held = self.held = self._fetch(block)
        return held
