"""The way in: `vidstyle` and `python -m vidstyle`. Loads nothing before it can be interrupted in peace."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line and exits with its code; see `vidstyle.cli`."""
    try:
        from vidstyle import cli
    except KeyboardInterrupt:
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
