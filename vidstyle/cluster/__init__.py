"""The same batch on a Ray cluster: files, and segments of long files, as tasks of workers on its nodes.

Only descriptions cross Ray: jobs, outcomes and counts. Frames never do: workers read the inputs and write
the outputs themselves, on a file system that all nodes share or at addresses. Loaded only where a cluster is
asked for; without the extra `vidstyle[ray]` that is one line saying so.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidstyle.cluster.ask import Ask
from vidstyle.errors import UsageError
from vidstyle.jobs.plan import Planned
from vidstyle.types import BatchWatcher, Outcome

__all__ = ["Ask", "run_cluster"]


def run_cluster(
    planned: Sequence[Planned], watcher: BatchWatcher, ask: Ask, fail_fast: bool = False
) -> list[Outcome]:
    """Does what is planned on a cluster; the outcomes in the order in which they came about.

    Watcher, fail_fast and errors are those of `jobs.batch.run_batch`. A worker or a node that dies costs what
    it was at: its task goes to another worker. Raises UsageError where there is no cluster, where no node has
    what is asked for, and where the nodes do not see the files.
    """
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise UsageError("--cluster needs Ray: pip install 'vidstyle[ray]'") from error
    from vidstyle.cluster.drive import drive

    return drive(planned, watcher, ask, fail_fast)
