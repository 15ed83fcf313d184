from collections.abc import Iterator

import pytest

from tests.project import ROOT
from tests.wheels import write_wheels

# Its assertions are the tests' own.
pytest.register_assert_rewrite("tests.scenarios.playing")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the jobs of this repository require is there for pip, which asks no index."""
    folder = tmp_path_factory.mktemp("wheels")
    write_wheels(ROOT / "jobs" / "daily-rollup" / "requirements.txt", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(folder))
        yield
