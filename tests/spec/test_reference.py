"""The reference page is made from the models, names every key, and is up to date."""

from pathlib import Path

from spec.reference import reference
from spec.schema import MODELS
from spec.stack import StackSettings

PAGE = Path(__file__).parents[2] / "docs" / "job-reference.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == reference(), "run: python -m spec.reference > docs/job-reference.md"


def test_every_key_has_a_row() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    for model in MODELS.values():
        prefix = "longhaul:" if model is StackSettings else ""
        for key in model.yaml_keys():
            assert any(row.startswith(f"| `{prefix}{key}` |") for row in rows)
    for key in ("defaults", "jobs"):
        assert any(row.startswith(f"| `longhaul:{key}` |") for row in rows)


def test_every_row_has_four_cells_and_says_something() -> None:
    for line in reference().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.replace("\\|", "").strip("|").split("|")]
            assert len(cells) == 4
            assert all((cells[0], cells[1], cells[3]))
