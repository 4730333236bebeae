"""Applying an advice: the new setup sheet, and the log's entry that will be checked by its laps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pitwall.prerace.advice import Advice
from pitwall.prerace.log import entry_text, logged
from pitwall.prerace.sheet import Sheet, sheet_text


def applied(
    advice: Advice,
    values: Mapping[str, float],
    before: Sheet,
    from_lap: int,
    now_us: int,
    seed: int,
    draws: int,
) -> dict[str, str]:
    """Entries for the recording's table (see ``Batch.meta``): the sheet that is in force from
    ``from_lap`` on, and the log's entry. Raises BadInput for values that were not advised."""
    entry = logged(advice, values, before.key, now_us, seed, draws)
    sheet = replace(
        before,
        from_lap=from_lap,
        values={**before.values, **values},
        written_us=now_us,
        note="",
        advice=entry.key,
    )
    return {sheet.key: sheet_text(sheet), entry.key: entry_text(entry)}
