"""Entry point of the image."""

import os
import sys

from daily_rollup.outcome import raise_on_sigterm, run

raise_on_sigterm()


def main() -> None:
    """Imports late: boto3 takes long enough for a signal to arrive, and a mistake in the settings need not wait."""
    from daily_rollup.settings import read_settings

    settings = read_settings(os.environ)
    from daily_rollup.job import roll_up

    roll_up(settings)


sys.exit(run(main, after_sigterm="the result is the one of before or whole"))
