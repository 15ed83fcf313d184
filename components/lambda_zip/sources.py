"""What of a job's requirements pip would build on the machine that installs it: `--only-binary` is about indexes alone.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import re
from collections.abc import Iterable

from components.lambda_zip.errors import PackError
from spec.plain_python import INSTEAD

_COMMENT_OPTION_OR_CONDITION = re.compile(r"(?:^|\s)#|\s--|;")
_BUILT = ("-e", "--editable", "--no-binary")
# https://github.com/pypa/pip/blob/main/src/pip/_internal/utils/filetypes.py
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".tbz", ".xz", ".txz", ".tlz", ".lz", ".lzma")
_WHEEL = re.compile(r"\.whl(?:$|[\[#?])")


def check_built(job: str, texts: Iterable[str]) -> None:
    """Raise PackError for requirements that are folders, repositories or archives of sources.

    Args:
        job: whose requirements they are.
        texts: the requirements, as arguments of pip and lines of files.
    """
    built = [text for line in texts if _is_built(text := _COMMENT_OPTION_OR_CONDITION.split(line)[0].strip(" \t\\"))]
    if built:
        raise PackError(
            f"{job}: expected packages that have wheels alone, found {' and '.join(dict.fromkeys(built))}, which pip "
            f"would build on this machine: {INSTEAD}"
        )


def _is_built(text: str) -> bool:
    if text.startswith("-"):
        return text.startswith(_BUILT)
    is_place = "/" in text or "@" in text or text.startswith(".") or text.endswith(_ARCHIVES)
    return is_place and not _WHEEL.search(text)
