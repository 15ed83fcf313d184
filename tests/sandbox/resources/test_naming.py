from __future__ import annotations

import re

import pytest

from sandbox.errors import SandboxError
from sandbox.resources.naming import auto_name, prefixed_name


def test_a_generated_name_is_the_logical_one_and_seven_hexadecimal_digits():
    # https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
    assert re.fullmatch(r"nightly-[0-9a-f]{7}", auto_name("nightly", b"seed", 64))


def test_a_seed_gives_the_same_name_again_and_another_seed_another():
    assert auto_name("nightly", b"one", 64) == auto_name("nightly", b"one", 64) != auto_name("nightly", b"two", 64)


def test_a_name_is_never_cut():
    assert len(auto_name("x" * 56, b"", 64)) == 64
    with pytest.raises(SandboxError, match=r"^name 'x{57}-' plus 7 random chars is longer than maximum length 64$"):
        auto_name("x" * 57, b"", 64)


def test_a_prefix_gets_the_time_and_eight_hexadecimal_digits():
    name = prefixed_name("/longhaul/dev/", b"seed", 512)
    assert re.fullmatch(r"/longhaul/dev/20[0-9]{16}[0-9a-f]{8}", name)


def test_a_prefix_too_long_with_its_suffix_is_refused():
    assert len(prefixed_name("x" * 38, b"", 64)) == 64
    with pytest.raises(SandboxError, match="plus 26 characters is longer than maximum length 64"):
        prefixed_name("x" * 39, b"", 64)
