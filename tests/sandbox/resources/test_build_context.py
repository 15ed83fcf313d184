from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.resources.build_context import digest
from spec.build_files import context_files


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("Dockerfile", "main.py", "pkg/a.py", "pkg/a.pyc", "pkg/deep/b.pyc", "docs/x.md", "docs/keep.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(context: Path) -> set[str]:
    return {path.relative_to(context).as_posix() for path in context_files(context, context / "Dockerfile")}


# What each pattern leaves out: https://docs.docker.com/build/concepts/context/#syntax
@pytest.mark.parametrize(
    ("ignore", "left_out"),
    [
        ("", set()),
        ("# a comment\n\n", set()),
        ("docs", {"docs/x.md", "docs/keep.md"}),
        ("/docs/", {"docs/x.md", "docs/keep.md"}),
        ("./docs//x.md\n./pkg/../main.py", {"docs/x.md", "main.py"}),
        ("\ufeffdocs", {"docs/x.md", "docs/keep.md"}),
        ("*.pyc", set()),
        ("*/*.pyc", {"pkg/a.pyc"}),
        ("**/*.pyc", {"pkg/a.pyc", "pkg/deep/b.pyc"}),
        ("pkg/?.py", {"pkg/a.py"}),
        ("pkg/[ab].py", {"pkg/a.py"}),
        ("docs\n!docs/keep.md", {"docs/x.md"}),
        ("!docs/keep.md\ndocs", {"docs/x.md", "docs/keep.md"}),
        ("**/deep", {"pkg/deep/b.pyc"}),
        ("*\n!main.py", {"Dockerfile", "pkg/a.py", "pkg/a.pyc", "pkg/deep/b.pyc", "docs/x.md", "docs/keep.md"}),
    ],
)
def test_dockerignore_leaves_files_out(context, ignore, left_out):
    everything = names(context)
    (context / ".dockerignore").write_text(ignore)
    assert everything - names(context) == left_out


def test_a_dockerfile_may_have_one_of_its_own_instead(context):
    (context / ".dockerignore").write_text("*")
    (context / "Other.dockerignore").write_text("docs\npkg\n*ignore")

    left = {path.relative_to(context).as_posix() for path in context_files(context, context / "Other")}
    assert left == {"Dockerfile", "main.py"}
    assert not names(context)


def identity(context: Path, **more) -> str:
    build = {"target": None, "args": {}, "platforms": [], **more}
    return digest(context, context / "Dockerfile", **build)


def change_content(context: Path) -> None:
    (context / "main.py").write_text("changed")


def change_name(context: Path) -> None:
    (context / "main.py").rename(context / "other.py")


def change_mode(context: Path) -> None:
    (context / "main.py").chmod(0o755)


def change_to_link(context: Path) -> None:
    (context / "main.py").unlink()
    (context / "main.py").symlink_to("pkg/a.py")


@pytest.mark.parametrize("change", [change_content, change_name, change_mode, change_to_link])
def test_the_digest_follows_the_files(context, change):
    before = identity(context)
    assert before == identity(context)
    assert len(before) == len("sha256:") + 64
    change(context)
    assert identity(context) != before


@pytest.mark.parametrize("how", [{"target": "slim"}, {"args": {"A": "1"}}, {"platforms": ["linux/arm64"]}])
def test_the_digest_follows_how_it_is_built(context, how):
    assert identity(context, **how) != identity(context)


def test_a_file_that_is_ignored_does_not_count(context):
    (context / ".dockerignore").write_text("docs\n")
    before = identity(context)
    (context / "docs" / "x.md").write_text("changed")
    assert identity(context) == before


def test_a_dockerfile_outside_the_context_counts(context, tmp_path_factory):
    dockerfile = tmp_path_factory.mktemp("elsewhere") / "Dockerfile"
    digests = set()
    for text in ("FROM a", "FROM b"):
        dockerfile.write_text(text)
        digests.add(digest(context, dockerfile, target=None, args={}, platforms=[]))
    assert len(digests) == 2
