"""The grammar of a Dockerfile's instructions, as far as dockerfile-parse leaves it to others.

https://docs.docker.com/reference/dockerfile/
"""

import json
import re

_HEREDOC = re.compile(r"""^\s*(?:RUN|COPY|ADD)\b.*<<-?\s*(["']?)(?P<delimiter>\w+)\1""", re.IGNORECASE)


def words(value: str, shell: tuple[str, ...]) -> tuple[str, ...]:
    """The words that CMD or ENTRYPOINT give: those of its exec form, or the shell's with its text."""
    listed = exec_form(value)
    return (*shell, value) if listed is None else listed


def exec_form(value: str) -> tuple[str, ...] | None:
    """The words of an instruction in exec form, a JSON array of text; None in another form."""
    try:
        read = json.loads(value)
    except json.JSONDecodeError:
        return None
    if not isinstance(read, list) or not all(isinstance(word, str) for word in read):
        return None
    return tuple(read)


def without_heredocs(text: str) -> str:
    """The text with the lines of here-documents emptied: dockerfile-parse takes them for instructions."""
    lines, delimiter = [], None
    for line in text.splitlines():
        if delimiter is not None:
            delimiter = None if line.strip() == delimiter else delimiter
            lines.append("")
            continue
        match = _HEREDOC.match(line)
        delimiter = match["delimiter"] if match else None
        lines.append(line)
    return "\n".join(lines) + "\n"
