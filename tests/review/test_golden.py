"""The comment on a pull request, for each kind of change: read the difference of a golden file, then accept it."""

from pathlib import Path

import pytest

from review.markdown import markdown
from review.outline import outline
from review.revisions import review_folders
from tests.review.changes import CHANGES, START, write

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", CHANGES)
def test_the_comment_is_as_accepted(name: str, tmp_path: Path) -> None:
    before, after = CHANGES[name]
    base, head = write(tmp_path / "base", before), write(tmp_path / "head", after)

    comment = markdown(outline(review_folders(base, head, START)))

    assert comment == (GOLDEN / f"{name}.md").read_text()


def test_every_golden_file_belongs_to_a_change() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CHANGES)
