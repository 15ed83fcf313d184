"""Entry point of the image."""

import sys

from snapshot_cleanup.outcome import notice_sigterm, run

notice_sigterm()


def main() -> None:
    """Imports the job late: importing boto3 takes long enough for a signal to arrive."""
    from snapshot_cleanup.job import clean_up

    clean_up()


sys.exit(run(main, after_sigterm="what was deleted is in the log, the rest was left alone"))
