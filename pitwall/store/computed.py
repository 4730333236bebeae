"""Computed channels beside the measured ones: columns of groups that no producer sends.

Their groups are called :data:`MARK` and a name. Who looks one up for a car asks for it; whoever
computes them sees what was asked for, and puts the columns here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pitwall.store.columns import Columns
from pitwall.telemetry import Catalog, Group

MARK = "="
"""First character of a computed group's name; no producer's group begins so."""
_KEPT_S = 60.0
"""Who has not asked for so long does not look any more."""

Key = tuple[str, str]


def is_computed(group: str) -> bool:
    """Whether a group is computed here."""
    return group.startswith(MARK)


@dataclass(frozen=True, slots=True)
class Published:
    """One version of all computed channels; never changes.

    Attributes:
        version: counts changes.
        groups: one for each computed channel.
        columns: by (car, group), for what was asked for.
    """

    version: int
    groups: tuple[Group, ...]
    columns: Mapping[Key, Columns]


class Computed:
    """What is computed, and what is asked for. :meth:`publish` belongs to one thread, all else to
    any.

    Attributes:
        now: the present version.
        asked: counts what was asked for and is not there.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.now = Published(0, (), MappingProxyType({}))
        self.asked = 0
        self._measured = catalog
        self._catalog = (0, catalog)
        self._wanted: dict[Key, float] = {}

    @property
    def catalog(self) -> Catalog:
        """All groups, measured and computed."""
        now = self.now
        if self._catalog[0] != now.version:
            self._catalog = (now.version, Catalog(self._measured.groups + now.groups))
        return self._catalog[1]

    def columns(self, key: Key) -> Columns | None:
        """Columns of a computed group; when there are none, somebody will see to it."""
        if key not in self._wanted:
            self.asked += 1
        self._wanted[key] = time.monotonic()
        return self.now.columns.get(key)

    def wanted(self) -> tuple[Key, ...]:
        """What somebody asked for within the last minute."""
        since = time.monotonic() - _KEPT_S
        for key, at in list(self._wanted.items()):
            if at < since:
                self._wanted.pop(key, None)
        return tuple(self._wanted)

    def publish(self, groups: tuple[Group, ...], columns: Mapping[Key, Columns]) -> None:
        """Make these the next version."""
        self.now = Published(self.now.version + 1, groups, MappingProxyType(dict(columns)))
