"""A value as YAML on one line."""

from typing import Any

import yaml


class _OneLine(yaml.SafeDumper):
    """Flow style, quoted in double quotes where quotes are needed: those can say any character on one line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    plain = dumper.resolve(yaml.ScalarNode, value, (True, False)) == "tag:yaml.org,2002:str"
    simple = plain and value.isprintable() and value == value.strip()
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if simple else '"')


_OneLine.add_representer(str, _text)


def flow(value: Any) -> str:
    """`value` as one line of YAML, which reads back as the same value."""
    if isinstance(value, float) and value.is_integer():
        # YAML's 2.0 and 2 are the same number here, and people write the shorter.
        return str(int(value))
    line = _dumped(value, allow_unicode=True)
    # The writer breaks a line at some characters, whatever the width.
    return line if line.isprintable() else _dumped(value, allow_unicode=False)


def _dumped(value: Any, *, allow_unicode: bool) -> str:
    text = yaml.dump(
        value, Dumper=_OneLine, default_flow_style=True, sort_keys=False, width=2**31, allow_unicode=allow_unicode
    )
    return text.removesuffix("\n").removesuffix("\n...")
