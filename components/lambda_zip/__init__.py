"""A job that is plain Python as an archive that Lambda runs."""

from components.lambda_zip.archive import pack
from components.lambda_zip.errors import PackError

__all__ = ["PackError", "pack"]
