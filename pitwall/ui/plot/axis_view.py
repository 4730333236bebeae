"""The visible part of the shared axis: zoom, pan, and following what is new."""

from __future__ import annotations

import numpy as np

from pitwall.ui.model import ROLLING_S, Axis, Workspace
from pitwall.ui.picture import Picture

FOLLOW_SHARE = 0.002
"""A session's view that ends so close to the newest data, in parts of it, follows it."""
SMALLEST_SPAN = {Axis.DISTANCE: 20.0, Axis.TIME: 0.5, Axis.ROLLING: 1.0}


class AxisView:
    """Turns zoom and pan into changes of the workspace.

    Attributes:
        picture: what is shown; None before the first. Set by the stack.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.picture: Picture | None = None
        self._workspace = workspace

    @property
    def span(self) -> tuple[float, float]:
        """The visible part of the axis."""
        view = self._workspace.view
        if view.span is not None:
            return view.span
        if self.picture is None:
            return 0.0, 1.0
        return self.picture.opening or self.picture.full

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show ``1 / factor`` of the present span around a position of the axis (the cursor's,
        or the middle, when None)."""
        if self.picture is None:
            return
        low, high = self.span
        centre = self._centre() if around is None else around
        self.show(centre - (centre - low) / factor, centre + (high - centre) / factor)

    def pan(self, share: float) -> None:
        """Move by ``share`` of the visible span; positive moves to the right."""
        low, high = self.span
        shift = (high - low) * share
        self.show(low + shift, high + shift)

    def show(self, low: float, high: float) -> None:
        """This part of the axis, as far as there is one."""
        if self.picture is None:
            return
        full_low, full_high = self.picture.full
        room = full_high - full_low
        width = max(min(high - low, room), min(SMALLEST_SPAN[self.picture.axis], room))
        low = min(max(low, full_low), full_high - width)
        if self.picture.session is not None:
            self._show_session(low, low + width)
            return
        whole = width >= room * 0.999
        self._workspace.change(span=None if whole else (low, low + width))

    def whole(self) -> None:
        """The whole lap; of a session the usual window, and from there the whole session."""
        picture, view = self.picture, self._workspace.view
        if picture is None or picture.session is None:
            self._workspace.change(span=None)
        elif view.span is None and view.window_s == ROLLING_S:
            self._show_session(*picture.full)
        else:
            self._workspace.change(span=None, window_s=ROLLING_S)

    def _show_session(self, low: float, high: float) -> None:
        """A view that ends at the newest data goes on with it."""
        picture, live = self.picture, self._workspace.view.live
        assert picture is not None  # noqa: S101 - the caller has looked
        follows = live and picture.full[1] - high < (high - low) * FOLLOW_SHARE
        if follows:
            self._workspace.change(span=None, window_s=high - low)
        else:
            self._workspace.change(span=(low, high))

    def _centre(self) -> float:
        low, high = self.span
        picture, cursor = self.picture, self._workspace.view.cursor
        if picture is not None and picture.mapping is not None and cursor is not None:
            at = float(picture.mapping.to_x(np.array([cursor]))[0])
            if low <= at <= high:
                return at
        return (low + high) / 2
