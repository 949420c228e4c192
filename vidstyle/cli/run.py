"""`vidstyle run`: videos, painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.cli import options, parse
from vidstyle.cli.stopping import Stopped, behind
from vidstyle.errors import UsageError, VidstyleError
from vidstyle.types import FEATHER, SEGMENT, BatchWatcher, InBatch, Job, Outcome

if TYPE_CHECKING:  # what is heavy is loaded when there is something to paint, not for a completion
    from vidstyle.jobs.plan import Agenda, Planned


def command(
    inputs: options.Inputs = None,
    style: options.Style = None,
    class_: options.Class = None,
    invert: options.Invert = False,
    strength: options.Strength = 1.0,
    preserve_color: options.PreserveColor = False,
    feather: options.Feather = FEATHER,
    threshold: options.Threshold = None,
    start: options.Start = None,
    end: options.End = None,
    output: options.Output = None,
    mask_out: options.MaskOut = None,
    overwrite: options.Overwrite = False,
    format: options.Format = None,
    realtime: options.Realtime = False,
    segment: options.Segment = SEGMENT,
    work_dir: options.WorkDir = None,
    from_file: options.FromFile = None,
    jobs: options.Jobs = "auto",
    fail_fast: options.FailFast = False,
    dry_run: options.DryRun = False,
    shard: options.Shard = None,
    cluster: options.Cluster = None,
    cluster_cpus: options.ClusterCpus = None,
    cluster_gpus: options.ClusterGpus = None,
    mode: options.Progress = "auto",
    quiet: options.Quiet = False,
    json: options.Json = False,
    report: options.Report = None,
    codec: options.Codec = None,
    crf: options.Crf = None,
    preset: options.Preset = None,
    encoder_option: options.EncoderOption = None,
    device: options.Device = "auto",
    segmenter: options.Segmenter = None,
    stylizer: options.Stylizer = None,
) -> int:
    """Paint a class in videos. `vidstyle INPUT ...` means this command."""
    from vidstyle import progress
    from vidstyle.cli import batch
    from vidstyle.jobs.plan import parse_shard, plan

    template = Job(
        source="",
        styles=parse.weighted(style),
        classes=parse.class_names(class_),
        invert=invert,
        strength=strength,
        preserve_color=preserve_color,
        feather=feather,
        threshold=threshold,
        start=parse.moment(start, "--start"),
        end=parse.moment(end, "--end"),
        encode=parse.encoding(codec, crf, preset, encoder_option),
        device=device,
        segmenter=segmenter,
        stylizer=stylizer,
        overwrite=overwrite,
        work_dir=work_dir,
        segment=segment or None,
        container=format,
        realtime=realtime,
    )
    if json and output == "-":
        raise UsageError(
            "--json and -o - both want standard output; write the video to a file, or leave out --json"
        )
    words, lists = inputs or [], from_file or []
    if not words and not lists:
        raise UsageError("no input is named: give a file, a folder, a pattern, or a list with --from-file")
    at_once, part = parse.jobs(jobs), None if shard is None else parse_shard(shard)
    agenda = plan(words, lists, template, output, mask_out, part)
    ask = parse.cluster(cluster, cluster_cpus, cluster_gpus, at_once)
    single = part is None and ask is None and _is_one(words, lists, agenda)
    if dry_run:
        _check_report(report)
        return batch.foretell_one(agenda[0], json) if single else batch.foretell(agenda, json, ask is None)
    with progress.choose(mode, quiet) as shown, _reported(report, template, shown) as told:
        if single:
            _one(agenda[0], told, json, quiet)
            code = 0
        else:
            code = batch.paint(
                agenda, shown, told, at_once=at_once, fail_fast=fail_fast, document=json, quiet=quiet, ask=ask
            )
    if report is not None and not quiet:
        progress.say(f"wrote {report}")
    return code


def _check_report(target: Path | None) -> None:
    if target is not None:
        from vidstyle.report import check

        check(target)


def _reported(
    target: Path | None, settings: Job, shown: BatchWatcher
) -> AbstractContextManager[BatchWatcher]:
    if target is None:
        return nullcontext(shown)
    from vidstyle.report import Report

    return Report(target, settings, shown)


def _is_one(words: Sequence[str], lists: Sequence[str], agenda: Agenda) -> bool:
    """Whether the command names one video itself, or the one place where a single video goes: then it ends
    with that video's own code and document."""
    if len(agenda) == 1 and agenda[0].job.target == "-":
        return True
    return len(words) == 1 and not lists and len(agenda) == 1 and Path(agenda[0].source) == Path(words[0])


def _one(planned: Planned, told: BatchWatcher, json: bool, quiet: bool) -> None:
    """Paints one video. json: its document on stdout, whatever becomes of it."""
    from vidstyle import progress
    from vidstyle.cli import batch
    from vidstyle.jobs import one

    def tell(outcome: Outcome) -> None:
        if json:
            progress.tell(batch.job_document(outcome))

    try:
        outcome = _painted(planned, told, quiet)
    except VidstyleError as error:
        tell(one.failed(planned, error))
        raise
    except BaseException as error:
        if (stopped := behind(error)) is not None:
            tell(one.lost(planned, f"{stopped.word}; {stopped.so_far}", stopped.exit_code))
        raise
    tell(outcome)


def _painted(planned: Planned, told: BatchWatcher, quiet: bool) -> Outcome:
    from vidstyle import progress
    from vidstyle.jobs import away, one
    from vidstyle.pipeline.checks import check

    if planned.failure is None:
        check(planned.job)
    finished = one.done(planned)
    told.planned(1, 1)
    if finished is not None:
        told.ended(finished)
        if not quiet:
            progress.say(f"{finished.target} is done already; --overwrite makes it anew")
        return finished
    try:
        job = one.ready(planned)
        with _saying_what_is_kept(job):
            result = away.run(job, watcher=InBatch(told, planned.source))
    except VidstyleError as error:
        told.ended(one.failed(planned, error))
        raise
    outcome = Outcome(planned.source, str(result.plan.target), "done", result=result)
    told.ended(outcome)
    for line in progress.notes(result) if quiet else progress.summary(result):
        progress.say(line)
    return outcome


@contextmanager
def _saying_what_is_kept(job: Job) -> Iterator[None]:
    """Where the job does not come to its end: whether the same command goes on from something."""
    from vidstyle import pipeline, progress

    try:
        yield
    except Stopped as stopped:
        if frames := pipeline.kept(job):
            stopped.so_far = f"{frames} frames are kept, and the same command goes on from there"
        raise
    except VidstyleError:
        if frames := pipeline.kept(job):
            progress.say(f"note: {frames} frames are kept; the same command goes on from there")
        raise
