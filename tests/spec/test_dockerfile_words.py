"""The here-documents of a Dockerfile, as BuildKit finds them: https://docs.docker.com/reference/dockerfile/#here-documents"""

import pytest

from spec.dockerfile_words import without_heredocs


@pytest.mark.parametrize(
    "text",
    [
        "RUN echo $((1<<20))",
        "RUN echo $((1 << 20))",
        'RUN python -c "print(1<<n)"',
        "RUN python -c 'x = 1 <<n'",
        "RUN cat <<< text",
        "RUN cat << EOF",
        'RUN ["sh", "-c", "cat <<EOF"]',
        "ENV A=<<EOF",
        "# RUN cat <<EOF",
        "# a comment goes on no further \\\nRUN true",
    ],
)
def test_what_is_none_hides_nothing(text: str) -> None:
    lines = f"FROM a\n{text}\nCMD b\n"
    assert without_heredocs(lines) == lines


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("RUN cat <<EOF\nCMD no\nEOF\nCMD b", "RUN cat <<EOF\n\n\nCMD b"),
        ("run cat <<'EOF'\nCMD no\nEOF\nCMD b", "run cat <<'EOF'\n\n\nCMD b"),
        ('ONBUILD RUN 3<<"E O" sh\nCMD no\nE O\nCMD b', 'ONBUILD RUN 3<<"E O" sh\n\n\nCMD b'),
        ("RUN --mount=type=tmpfs,target=/a \\\n# why\n\n  <<EOF\nCMD no\nEOF\nCMD b",
         "RUN --mount=type=tmpfs,target=/a \\\n# why\n#\n  <<EOF\n\n\nCMD b"),
        ("COPY <<A <<B /a/\nCMD no\nB\nA\nCMD no\nB\nCMD b", "COPY <<A <<B /a/\n\n\n\n\n\nCMD b"),
        # Only with a dash may its end be indented, and by tabs alone.
        ("RUN <<-EOF\n\tCMD no\n\tEOF\nCMD b", "RUN <<-EOF\n\n\nCMD b"),
        ("RUN <<EOF\n  EOF\nCMD no\nEOF\nCMD b", "RUN <<EOF\n\n\n\nCMD b"),
    ],
)  # fmt: skip
def test_a_here_document_is_no_instruction(text: str, left: str) -> None:
    assert without_heredocs(f"{text}\n") == f"{left}\n"
