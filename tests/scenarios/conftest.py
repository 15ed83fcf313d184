import pytest

# Its assertions are the tests' own.
pytest.register_assert_rewrite("tests.scenarios.playing")
