"""One job of a batch: its networks, kept from the job before where they are the same, and its outcome."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from vidstyle import pipeline
from vidstyle.errors import BUG, OutputError, VidstyleError, why
from vidstyle.jobs import again, away
from vidstyle.jobs.names import ANY
from vidstyle.jobs.plan import Planned, settled
from vidstyle.pipeline.recipe import recipe
from vidstyle.types import Job, Outcome, Watcher

Settings = tuple[object, ...]


class UnloadableError(Exception):
    """The networks cannot be loaded: no other job with the same settings will fare better."""

    def __init__(self, reason: VidstyleError) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Kept:
    """The networks of the last job, for as long as the next ones ask for the same."""

    _settings: Settings = ()
    _networks: pipeline.Networks | None = None

    def networks(self, job: Job) -> pipeline.Networks:
        """Loaded anew only where a setting differs, or a file that they come from. Raises UnloadableError."""
        try:
            settings = (recipe(job), job.device, job.threads)
            if self._networks is None or settings != self._settings:
                self._networks = None  # two sets at once may not fit the device
                self._networks, self._settings = pipeline.load(job), settings
        except VidstyleError as error:
            raise UnloadableError(error) from error
        return self._networks


def do(planned: Planned, kept: Kept, watcher: Watcher) -> Outcome:
    """Does one job; whatever is wrong with it is its outcome. What is done already is skipped. Raises
    UnloadableError."""
    try:
        if (finished := done(planned)) is not None:
            return finished
        job = ready(planned)
        result = away.run(job, kept.networks, watcher)
    except VidstyleError as error:
        return failed(planned, error)
    except UnloadableError:
        raise
    except Exception as error:
        reason = f"a bug in vidstyle: {type(error).__name__}: {error}"
        return lost(planned, reason, BUG, traceback.format_exc())
    return Outcome(planned.source, str(result.plan.target), "done", result=result)


def done(planned: Planned) -> Outcome | None:
    """The outcome of a job whose output is there already; None where there is something to do."""
    job = planned.job
    target = None if planned.failure else again.finished(job) or away.finished(job)
    return None if target is None else skipped(planned, target)


def skipped(planned: Planned, target: Path | str) -> Outcome:
    """The outcome of a job whose output is there already."""
    return Outcome(planned.source, str(target), "skipped", "it is done already")


def ready(planned: Planned) -> Job:
    """The job with its target's whole name, in a folder that is there. Raises the failure that was planned,
    InputError where the ending depends on an input that cannot be read (no folder is made for that one),
    OutputError for a folder."""
    if planned.failure is not None:
        raise planned.failure
    job = again.renewing(settled(planned.job))
    for folder in planned.folders:
        _make(folder)
    return job


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made: {why(error)}; name another") from error


def failed(planned: Planned, error: VidstyleError) -> Outcome:
    """The outcome of a job that went wrong in a way that is known."""
    return lost(planned, str(error), error.exit_code)


def lost(planned: Planned, reason: str, exit_code: int, trace: str = "") -> Outcome:
    """The outcome of a job that went wrong, its reason on one line. A target without its ending is none."""
    target = None if planned.job.target is None else str(planned.job.target)
    named = None if target is None or target.endswith(ANY) else target
    line = " ".join(map(str.strip, reason.splitlines()))
    return Outcome(planned.source, named, "failed", line, exit_code, trace=trace)
