"""YAML as Pulumi reads it, with lines; what readers of YAML would understand differently is refused."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.errors import SpecErrors
from spec.yaml_file import read_yaml


def read(folder: Path, text: str | bytes) -> Any:
    (folder / "a.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(folder, "a.yaml")


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        read(folder, text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # https://yaml.org/spec/1.2.2/#1032-tag-resolution
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-11-24", "2026-11-24"),
        ('"7"', "7"),
        ("'true'", "true"),
        ("|-\n  7", "7"),
        ("!!str 7", "7"),
        ("cron(0 3 * * ? *)", "cron(0 3 * * ? *)"),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    read_value = read(tmp_path, f"key: {text}\n").value
    assert read_value == {"key": value}
    assert type(read_value["key"]) is type(value)


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    written = read(tmp_path, "# comment\na:\n  b: 1\n  c:\n    - x\n    - y: 2\n\nd: &d {e: 1}\nf: *d\n")
    assert written.value == {"a": {"b": 1, "c": ["x", {"y": 2}]}, "d": {"e": 1}, "f": {"e": 1}}
    lines = {"a": 2, "a.b": 3, "a.c": 4, "a.c[0]": 5, "a.c[1]": 6, "a.c[1].y": 6, "d": 8, "d.e": 8, "f": 9}
    for path, line in lines.items():
        parts = tuple(int(p) if p.isdigit() else p for p in path.replace("[", ".").replace("]", "").split("."))
        assert str(written.error("m", parts)) == f"a.yaml:{line} {path}: m"
    assert str(written.error("m", ("f", "e"))) == "a.yaml:9 f.e: m"
    assert str(written.error("m", ("nowhere",))) == "a.yaml nowhere: m"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3 a: expected each key once, found it on line 1 too"),
        ("x:\n  y: {a: 1, a: 2}\n", "a.yaml:2 x.y.a: expected each key once, found it on line 2 too"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: expected one YAML document, found another after ---"),
        ("a: b: c\n", "a.yaml:1: not valid YAML: mapping values are not allowed in this context (column 5)"),
        (
            "a: 1\nb: [1,\nc: 2\n",
            "a.yaml:4: not valid YAML: did not find expected ',' or ']' (column 1), "
            "while parsing a flow sequence that begins on line 2",
        ),
        (
            "a: 1\n\tb: 2\n",
            "a.yaml:2: not valid YAML: found a tab character that violates indentation (column 1), "
            "while scanning a plain scalar that begins on line 1",
        ),
        ("ok: 1\nx: \x07\n", "a.yaml:2: not valid YAML: control characters are not allowed"),
        ("a: !Ref b\n", "a.yaml:1 a: expected a value without a tag, found !Ref"),
        ("a: !!python/name:os.system\n", "a.yaml:1 a: expected a value without a tag, found !!python/name:os.system"),
        ("a: 0123\n", "a.yaml:1 a: expected 0123 in quotes: YAML readers disagree on leading zeros"),
        # Pulumi: "invalid YAML file: yaml: line 2: did not find expected alphabetic or numeric character".
        (
            "a:\n  b: [{c: cron(0 3 * * ? *)}]\n",
            "a.yaml:2 a.b[0].c: expected cron(0 3 * * ? *) in quotes: a plain ? ends a text within { } and [ ] for "
            "Pulumi",
        ),
        ("a: .inf\n", "a.yaml:1 a: expected a number that JSON holds, or text in quotes, found .inf"),
        (
            "a: 123456789012345678\n",
            "a.yaml:1 a: expected a number that JSON holds, or text in quotes, found 123456789012345678",
        ),
        ("? [a]\n: b\n", "a.yaml:1: expected a key that is text, found a list"),
        (
            "a: &a {b: 1}\nc:\n  <<: *a\n",
            "a.yaml:3 c: expected plain keys, found a merge key (<<): it does not merge here",
        ),
        ("a: *b\n", "a.yaml:1: expected an anchor above the alias *b, found none"),
        ("a: &a [*a]\n", "a.yaml:1: expected an anchor above the alias *a, found none"),
        ("[" * 100_000, "a.yaml:1: expected at most 40 levels, found more"),
        (b"a: \xff\n", "a.yaml: expected UTF-8 text, found another byte at 3"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_read_in_one_way_is_one_line(tmp_path: Path, text: str | bytes, line: str) -> None:
    assert mistakes(tmp_path, text) == [line]


def test_aliases_of_aliases_end(tmp_path: Path) -> None:
    text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    for level in range(1, 20):
        text += f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n"
    (line,) = mistakes(tmp_path, text)
    assert line.endswith("expected at most 200,000 values, found more")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SpecErrors, match=r"^b\.yaml: cannot be read: No such file or directory$"):
        read_yaml(tmp_path, "b.yaml")


@given(text=st.text() | st.text(alphabet="ab:{}[]-?&*!|>'\"%@`#, \n\t0.~<=", max_size=60) | st.binary(max_size=60))
def test_any_file_is_a_value_or_mistakes(tmp_path_factory: pytest.TempPathFactory, text: str | bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (folder / "any.yaml").write_bytes(data)
    with contextlib.suppress(SpecErrors):
        json.dumps(read_yaml(folder, "any.yaml").value, allow_nan=False).encode()
