"""Applies batches to a recording until it is killed; says what has been committed.

Run as ``python -m tests.unit.store.killed FILE SEED``. Each line is ``n``: chunks 1..n of the
series, and the checkpoint ``n``, have been committed.
"""

from __future__ import annotations

import random
import sys

from pitwall.store import Batch, Quarantined, Source, open_session
from tests.unit.store.helpers import SESSION, head, one, run


def main(path: str, seed: int) -> None:
    dice = random.Random(seed)
    recording, store = open_session(path, SESSION)
    n = int(recording.checkpoints().get("shard", "0"))
    print(n, flush=True)
    while True:
        size = dice.choice([1, 1, 3, 20])
        new = range(n + 1, n + 1 + size)
        old = range(max(n - dice.randrange(9), 1), n + 1 + size)
        n += size
        batch = Batch(
            Source.STREAM,
            tuple(one(i) for i in new) if dice.random() < 0.6 else (run(old),),
            (head(n),),
            quarantined=(Quarantined(Source.STREAM, f"at {n}", "torn", b"?"),),
            checkpoints={"shard": str(n)},
        )
        store.commit(recording.apply(batch))
        print(n, flush=True)
        if dice.random() < 0.1:
            recording.compact(everything=dice.random() < 0.5)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
