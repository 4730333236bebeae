"""Advice and strategy of a session at work: asked for one car, kept up to date lap by lap.

Reading the laps is a thread's work; calibration and advice take a processor for seconds and are a
process's, so that neither the window nor the data that comes in waits for them. The model is
imported by the first question: a session is joined and its history loaded before anybody asks one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pitwall.analysis import Timing
from pitwall.model_worker import ModelWorker
from pitwall.runtime import Refresher
from pitwall.store import Recording, SessionStore, Writer
from pitwall.store.edit_keeper import EditKeeper, write_to
from pitwall.store.edits import MetaEntry
from pitwall.telemetry import BadInput, PitwallError
from pitwall.ui.modelling import CAUTIONS, VARIANTS, Answer, Asked

if TYPE_CHECKING:
    from pitwall.prerace.ask import Papers
    from pitwall.prerace.job import AdviceJob, AdviceResult


class ModelDesk:
    """Owns the threads ``pitwall-advice`` and ``pitwall-strategy``, and one worker process, which
    is started by the first question."""

    def __init__(
        self,
        recording: Recording,
        store: SessionStore,
        writer: Writer | None,
        timing: Callable[[], Timing | None],
    ) -> None:
        """
        Args:
            recording: where papers are kept.
            store: the session in memory.
            writer: the recording's, while the session is followed; None for a file at rest.
            timing: the newest timing.
        """
        self._store = store
        self._timing = timing
        self._written: Mapping[str, str] = {}
        self._asked = Asked()
        self._turn = 0
        self._live = writer is not None
        self._worker: ModelWorker[AdviceJob, AdviceResult] = ModelWorker(_work)
        self._keeper = EditKeeper(write_to(recording.path, writer))
        self._advice: Refresher[Answer] = Refresher(
            "pitwall-advice", self._advice_due, self._advise, min_interval_s=1.0
        )
        self._strategy: Refresher[Answer] = Refresher(
            "pitwall-strategy", self._plan_due, self._plan, min_interval_s=1.0
        )

    def start(self) -> None:
        """Begin to keep up."""
        self._advice.start()
        self._strategy.start()

    def stop(self, limit_s: float) -> bool:
        """End; a job at work is given up, what was written down is kept."""
        self._worker.stop()
        ended = self._advice.stop(limit_s) and self._strategy.stop(limit_s)
        return self._keeper.stop(limit_s) and ended

    @property
    def failure(self) -> BaseException | None:
        """What stopped it before its time; None while all is well."""
        return self._advice.failure or self._strategy.failure

    # -- for the window -------------------------------------------------------------------

    def ask(self, asked: Asked) -> None:
        """Look at another car, or for another purpose. Raises BadInput."""
        # The model itself is left to the threads: the window's would wait while it is imported.
        if asked.variant not in VARIANTS:
            raise BadInput(f"{asked.variant!r}: advice is for {' or '.join(VARIANTS)}")
        if asked.cautions not in CAUTIONS:
            raise BadInput(f"no cautions {asked.cautions!r}; there are {', '.join(CAUTIONS)}")
        self._asked = asked

    def keep(self, entries: Mapping[str, str]) -> None:
        """Write entries (sheets, words, applied advice) into the recording's table; never waits.
        They count at once. Raises Failure when they cannot be taken."""
        self._keeper.put([MetaEntry(key, text) for key, text in entries.items()])
        self._written = {**self._written, **entries}
        self._turn += 1

    def papers(self, car: str | None = None) -> Papers:
        """What people wrote down, what was just written included. Raises BadInput."""
        from pitwall.prerace.ask import Papers

        return Papers.of({**self._store.all_meta(), **self._written}, car)

    @property
    def asked(self) -> Asked:
        """What is looked at."""
        return self._asked

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""
        return self._keeper.trouble

    @property
    def answer(self) -> Answer:
        """The newest of both; of another question than :attr:`asked` while that is worked on."""
        advice = self._advice.latest or Answer(Asked())
        plan_ = self._strategy.latest or Answer(Asked())
        if plan_.asked.car != advice.asked.car:
            return plan_
        return replace(advice, plan=plan_.plan, plan_trouble=plan_.plan_trouble)

    @property
    def version(self) -> object:
        """Another one when there is something new to show."""
        return self._advice.runs, self._strategy.runs, self._turn, self._keeper.trouble

    # -- on the threads -------------------------------------------------------------------

    def _laps(self, car: str) -> int:
        timing = self._timing()
        found = timing.cars.get(car) if timing is not None else None
        return found.last.number if found is not None and found.last is not None else 0

    def _known(self, car: str) -> tuple[int, int]:
        """The newest lap, and how many have a time: earlier ones come while history loads."""
        timing = self._timing()
        found = timing.cars.get(car) if timing is not None else None
        timed = sum(lap.time_us is not None for lap in found.laps) if found is not None else 0
        return self._laps(car), timed

    def _advice_due(self) -> int:
        asked = self._asked
        return hash((asked.car, asked.variant, self._known(asked.car), self._turn))

    def _plan_due(self) -> int:
        return hash((self._asked, self._known(self._asked.car)))

    def _advise(self) -> Answer:
        asked, timing = self._asked, self._timing()
        if not asked.car or timing is None:
            return Answer(asked)
        from pitwall.prerace.calibrate import gather
        from pitwall.prerace.job import AdviceJob

        lap = self._laps(asked.car)
        before = self._advice.latest
        try:
            papers = self.papers(asked.car)
            gathered = gather(self._store, timing, asked.car)
            job = AdviceJob(gathered, papers, asked.variant)
            if before is not None and before.advice is not None and before.asked.car == asked.car:
                job = replace(job, start=before.advice.calibration.fit)
            result = self._worker.run(job)
            self._keep_scores(papers, result)
            return Answer(asked, lap, result, papers=papers)
        except PitwallError as error:
            return Answer(asked, lap, advice_trouble=str(error))

    def _keep_scores(self, papers: Papers, result: AdviceResult) -> None:
        """While the session is followed, what came of an advice is kept with it: the next session
        of the car learns from it. A file at rest is not written because somebody looks at it."""
        from pitwall.prerace.log import entry_text, score_key

        if not self._live:
            return
        new = {
            score_key(entry): entry_text(score)
            for (entry, score), (_, old) in zip(result.log, papers.log, strict=True)
            if score is not None and score != old
        }
        if new:
            self._keeper.put([MetaEntry(key, text) for key, text in new.items()])

    def _plan(self) -> Answer:
        asked, timing = self._asked, self._timing()
        if not asked.car or timing is None:
            return Answer(asked)
        from pitwall.strategy import caution_model, plan

        lap = self._laps(asked.car)
        try:
            model = caution_model(asked.cautions)
            found = plan(
                self._store, timing, asked.car, model, asked.laps, must_stop=asked.must_stop
            )
            return Answer(asked, lap, plan=found)
        except PitwallError as error:
            return Answer(asked, lap, plan_trouble=str(error))


def _work(job: AdviceJob) -> AdviceResult:
    """In the worker's process."""
    from pitwall.prerace.job import run_job

    return run_job(job)
