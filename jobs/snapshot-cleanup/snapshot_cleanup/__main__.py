"""Entry point of the image."""

import os
import sys

from snapshot_cleanup.outcome import notice_sigterm, run

notice_sigterm()


def main() -> None:
    """Imports late: boto3 takes long enough for a signal to arrive, and a mistake in the settings need not wait."""
    from snapshot_cleanup.settings import read_settings

    settings = read_settings(os.environ)
    from snapshot_cleanup.job import clean_up

    clean_up(settings)


sys.exit(run(main, after_sigterm="what was deleted is in the log, the rest was left alone"))
