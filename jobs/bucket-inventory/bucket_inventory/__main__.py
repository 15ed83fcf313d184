"""Entry point of the image."""

import os
import sys

from bucket_inventory.outcome import raise_on_sigterm, run

raise_on_sigterm()


def main() -> None:
    """Imports late: boto3 takes long enough for a signal to arrive, and a mistake in the settings need not wait."""
    from bucket_inventory.settings import read_settings

    settings = read_settings(os.environ)
    from bucket_inventory.job import take_inventory

    take_inventory(settings)


sys.exit(run(main, after_sigterm="no summary was written unless the report was whole"))
