"""Too many readers of one stream: when it is worth telling the user."""

from __future__ import annotations

from collections import deque

_MANY = 5
_WINDOW_S = 60.0


class Crowd:
    """True while calls are refused again and again. The reader's thread only.

    One refused call means nothing: limits are shared with whoever else reads the stream (two
    readers a shard with DynamoDB, five reads a second with Kinesis). Several within a minute
    mean that somebody does all the time.
    """

    def __init__(self) -> None:
        self._refused: deque[float] = deque(maxlen=_MANY)
        self._there = False

    def refused(self, now: float) -> None:
        """A call was refused at ``now``, monotonic seconds."""
        self._refused.append(now)

    def look(self, now: float) -> bool:
        """Whether others read the stream too: from the fifth refusal within a minute until there
        has been none for one."""
        if self._there:
            self._there = now - self._refused[-1] < _WINDOW_S
        else:
            self._there = (
                len(self._refused) == _MANY
                and self._refused[-1] - self._refused[0] < _WINDOW_S
                and now - self._refused[-1] < _WINDOW_S
            )
        return self._there
