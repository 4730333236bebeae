"""Where a second implementation is known to differ from the service, and so from us.

Tests by name and parameters. Each is a strict expected failure, so that its entry has to go when
a new version of the implementation is right.
"""

from __future__ import annotations

MOTO = {
    "test_batch_write_takes_25[moto]": "moto takes 26 writes in a batch",
    "test_batch_write_refuses_the_same_key_twice[moto]": "moto compares whole items, not keys",
    "test_bad_key_conditions[moto-unused]": "moto does not look for unused values",
    "test_bad_key_conditions[moto-unfinished]": "moto reads a key condition up to a loose AND",
    "test_bad_key_conditions[moto-wrong type]": "moto does not compare key types in conditions",
}

MINISTACK = {
    "test_bad_key_conditions[ministack-unfinished]": "ministack does not mind a loose AND",
}

ALL = {**MOTO, **MINISTACK}
