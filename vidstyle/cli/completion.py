"""What the shell offers after a flag: quick, and never an error."""

from __future__ import annotations

import typer


def looks(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of looks in the files that count."""
    return []
