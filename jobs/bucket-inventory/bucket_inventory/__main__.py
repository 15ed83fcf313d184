"""Entry point of the image."""

import sys

from bucket_inventory.outcome import raise_on_sigterm, run

raise_on_sigterm()


def main() -> None:
    """Imports the job late: importing boto3 takes long enough for a signal to arrive."""
    from bucket_inventory.job import take_inventory

    take_inventory()


sys.exit(run(main, after_sigterm="no summary was written unless the report was whole"))
