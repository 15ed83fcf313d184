"""Entry point of the image; its argument says which step it does."""

import os
import sys

from weekly_report.outcome import Exit, JobError, raise_on_sigterm, run

raise_on_sigterm()


def main() -> None:
    """Imports late: boto3 takes long enough for a signal to arrive, and a mistake in the settings need not wait."""
    from weekly_report.settings import read_settings

    settings = read_settings(os.environ)
    from weekly_report.steps import STEPS

    name = " ".join(sys.argv[1:])
    if name not in STEPS:
        raise JobError(Exit.USAGE, f"command: expected one of {', '.join(STEPS)}, found {name!r}")
    STEPS[name](settings)


sys.exit(run(main, after_sigterm="the report is the one of before or whole"))
