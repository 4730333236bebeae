"""The top and bottom lines: is it live, is it complete, and how old is what is on screen."""

from __future__ import annotations

import time
from dataclasses import replace

from pitwall.runtime import Health, ProcessUsage, Spread, State, Usage
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.feeds.context import Context
from pitwall.ui.lag import ShownLag
from pitwall.ui.overdue import Overdue
from pitwall.ui.panes.header import Top
from pitwall.ui.panes.strip import Vital


class LinesFeed:
    """Header, banner, progress bar, bottom line and the health pane."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._overdue = Overdue()
        self._process = ProcessUsage()
        self._usage: Usage | None = None
        self._frame: Spread | None = None
        self._second = 0.0
        self._commit = (-1, time.monotonic())
        self._painted_us = 0
        """Newest event time of any car that the panes were given."""
        self._lag = ShownLag()

    def health(self) -> Health:
        """The source's state as the window has to say it: its lag is that of what is painted,
        however fresh the newest head was, and silence counts on."""
        health = self._context.inputs.health()
        if health.state is State.SILENT:
            quiet_us = int((time.monotonic() - self._commit[1]) * SECOND_US)
            age_us = max(quiet_us, health.age_us or 0)
            return replace(health, age_us=age_us // SECOND_US * SECOND_US)
        if not health.connected or health.loading:
            return health
        self._note_lag(health)
        known = [lag for lag in (health.lag_us, self._lag.shown_us) if lag is not None]
        return replace(health, lag_us=max(known, default=None))

    def before(self, health: Health) -> None:
        """A round of the feed begins: what was on screen until now counts for the lag."""
        version = self._context.inputs.store.version
        if version != self._commit[0]:
            self._commit = (version, time.monotonic())
        self._note_lag(health)

    def painted(self) -> None:
        """The panes were given the newest data."""
        self._painted_us = self._context.inputs.store.latest_us()

    def _note_lag(self, health: Health) -> None:
        painted = self._painted_age_us(health)
        if painted is not None:
            self._lag.note(painted, time.monotonic())

    def _painted_age_us(self, health: Health) -> int | None:
        """Age of the newest sample on screen; None when not known."""
        if health.shift_us is None or not self._painted_us:
            return None
        inputs = self._context.inputs
        due_us = inputs.store.session.due_us(self._painted_us)
        return max(inputs.now_us() - due_us - health.shift_us, 0)

    def show(self) -> bool:
        """Bring the lines up to date. True when the ages of the field are others than before."""
        context = self._context
        inputs, panes = context.inputs, context.panes
        health, store = self.health(), inputs.store
        books, now = store.ledger(), time.monotonic()
        missing = self._overdue.count(books, now, at_rest=not health.connected)
        moment = context.as_of if context.as_of is not None else store.latest_us()
        panes.header.show_top(Top(store.session, moment, health, books, context.view.live, missing))
        panes.banner.show_health(health)
        panes.loading.show_health(health, books.applied)
        older = self._grown_older(health)
        # A figure about the program itself must not be what keeps it busy.
        if now - self._second >= 1.0 and health.state is not State.SILENT:
            self._second = now
            self._usage = self._process.sample()
            self._frame = inputs.stats.recent_ms
        panes.strip.show_vital(
            Vital(health, books, store.session.started_us, missing, self._frame, self._usage)
        )
        return older

    def detail(self) -> None:
        """The health in full, where somebody looks at it; once a second."""
        panes = self._context.panes
        if not panes.health.isVisible():
            return
        detail = self._context.inputs.detail()
        if detail is not None:
            # One word for one thing: what the header says of the lag, the pane says too.
            health = self.health()
            live = health.state in (State.LIVE, State.LATE)
            lag_us = health.lag_us if live else detail.lag_us
            panes.health.show_detail(replace(detail, health=health, lag_us=lag_us))

    def _grown_older(self, health: Health) -> bool:
        """While nothing new comes, each car's age goes on by whole seconds: none of them is fresh
        because all of them are equally old."""
        older = 0
        silent = health.state is State.SILENT
        if (silent or not health.state.current) and not health.loading:
            age = self._painted_age_us(health) or 0
            if silent and age:  # in step with the header's label: one repaint a second
                age = health.age_us or 0
            older = age // SECOND_US * SECOND_US
        if older == self._context.older_us:
            return False
        self._context.older_us = older
        return True
