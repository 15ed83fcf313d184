"""The name of a bucket, in S3's grammar: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

import re

from spec.forms import Form, text
from spec.words import shown

_BEGINS = ("xn--", "sthree-", "amzn-s3-demo-")
_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def bucket_name() -> Form:
    """A name that a general purpose bucket may have."""

    def wrong(name: str) -> str | None:
        if ".." in name or re.fullmatch(r"[0-9]+(?:\.[0-9]+){3}", name):
            return f"{shown(name)}, which S3 refuses"
        found = [part for part in _BEGINS if name.startswith(part)]
        found += [part for part in _ENDS if name.endswith(part)]
        return f"{shown(name)}: {found[0]} is S3's own" if found else None

    return text(
        "a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens",
        pattern="[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        check=wrong,
    )
