"""The grammar of a Dockerfile's instructions, as far as dockerfile-parse leaves it to others.

https://docs.docker.com/reference/dockerfile/
"""

import json
import re

_FLAGS = re.compile(r"(?:--\S+\s+)*")
_TAKES_HEREDOCS = re.compile(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_HEREDOC = re.compile(r"""\d*<<(?P<dash>-?)(?P<quote>["']?)(?P<delimiter>[^<"']+)(?P=quote)""")


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


def split_flags(value: str) -> tuple[str, str]:
    """The flags of an instruction, such as `--platform=$BUILDPLATFORM`, and the rest."""
    flags = _FLAGS.match(value)
    assert flags is not None
    return flags[0], value[flags.end() :]


def without_heredocs(text: str) -> str:
    """The text with the lines of here-documents emptied: dockerfile-parse takes them for instructions.

    https://docs.docker.com/reference/dockerfile/#here-documents
    """
    lines: list[str] = []
    unclosed: list[re.Match[str]] = []
    instruction = ""
    for line in text.splitlines():
        if unclosed:
            if (line.lstrip("\t") if unclosed[0]["dash"] else line) == unclosed[0]["delimiter"]:
                del unclosed[0]
            lines.append("")
            continue
        # The builder passes over an empty line within an instruction, dockerfile-parse over a comment alone.
        lines.append("#" if instruction and not line.strip() else line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        instruction += line
        if instruction.rstrip().endswith("\\"):
            instruction = instruction.rstrip()[:-1]
            continue
        if _TAKES_HEREDOCS.match(instruction):
            # Only a whole word is one: `$((1<<n))`, `"<<EOF"` and `<<< text` are the shell's own.
            unclosed = [found for word in _WORD.findall(instruction) if (found := _HEREDOC.fullmatch(word))]
        instruction = ""
    return "\n".join(lines) + "\n"
