"""The contents of functions' archives, each unpacked once: what stands for /var/task."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
import zipfile
from pathlib import Path

_MODE_UNLESS_SAID = 0o644
_READ_AND_EXECUTE = 0o005


class CodeFolders:
    """The folders of one sandbox.

    Args:
        parent: where they are.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._lock = threading.Lock()

    def folder(self, archive: bytes) -> Path:
        """The folder with the contents of an archive, for reading alone.

        Lambda runs code as a user of its own: the owner may do here what an archive lets others do.
        """
        folder = self._parent / hashlib.sha256(archive).hexdigest()
        with self._lock:
            if not folder.exists():
                self._parent.mkdir(exist_ok=True)
                made = Path(tempfile.mkdtemp(dir=self._parent))
                _unpack(archive, made)
                made.rename(folder)
        return folder


def _unpack(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for file in opened.infolist():
            path = Path(opened.extract(file, folder))
            if not file.is_dir():
                mode = file.external_attr >> 16 or _MODE_UNLESS_SAID
                path.chmod((mode & _READ_AND_EXECUTE) << 6)
    for each in (folder, *folder.rglob("*")):
        if each.is_dir():
            each.chmod(_READ_AND_EXECUTE << 6)
