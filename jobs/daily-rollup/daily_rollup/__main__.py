"""Entry point of the image."""

import sys

from daily_rollup.outcome import raise_on_sigterm, run

raise_on_sigterm()


def main() -> None:
    """Imports the job late: importing boto3 takes long enough for a signal to arrive."""
    from daily_rollup.job import roll_up

    roll_up()


sys.exit(run(main, after_sigterm="the result is the one of before or whole"))
