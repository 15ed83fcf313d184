"""What `pulumi` writes into a stack's file when it works on the sandbox, and how it gets out again.

The state in the sandbox is encrypted with a passphrase, and Pulumi keeps that passphrase's salt in Pulumi.<stack>.yaml.
There it must not stay: with it, the same stack in its real backend would ask for a passphrase too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spec.stack_file import stack_file, stack_names

_SALT = re.compile(r"^encryptionsalt: .*\n?", re.MULTILINE)


@contextmanager
def without_new_salts(root: Path) -> Iterator[None]:
    """At the end of the block, take the salt out of each stack's file in `root` that had none at its beginning."""
    files = [root / stack_file(stack) for stack in stack_names(root)]
    unsalted = [file for file in files if not _SALT.search(file.read_text())]
    try:
        yield
    finally:
        for file in unsalted:
            text = file.read_text() if file.is_file() else ""
            if _SALT.search(text):
                file.write_text(_SALT.sub("", text))
