"""What can go wrong when a stream is read, as types that the reader decides by.

A source turns its service's errors into these and raises nothing else.
"""

from __future__ import annotations


class Fault(Exception):
    """Base of every outcome below.

    Attributes:
        opening: True when it happened while an iterator was being opened, not while reading:
            then the position itself is in question, not only the iterator. Set by the reader's
            fetch, on the thread that fetched.
    """

    opening = False


class Expired(Fault):
    """The iterator is too old. The position that it stood for is not lost."""


class Trimmed(Fault):
    """Records at the position are gone: older than what the service keeps."""


class NotFound(Fault):
    """The shard (or, from a listing, the stream) is not there."""


class Throttled(Fault):
    """Too many calls, or too many readers of the shard."""


class Retryable(Fault):
    """The service or the network failed in a way that may pass."""


class Rejected(Fault):
    """The service understood the request and refuses it as it stands."""


class Denied(Fault):
    """No permission, or the credentials have run out. Its text says what is missing."""
