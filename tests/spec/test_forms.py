"""Durations, sizes and other forms, against AWS's tables and plain arithmetic."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonata import Jsonata
from pydantic import ValidationError

from spec.container import SecretSpec
from spec.durations import duration, duration_text, parse_duration
from spec.forms import Form
from spec.job import JobSpec, check_job_name
from spec.permission import PermissionSpec
from spec.sizes import cpu, cpu_mistake, disk, memory, memory_mistake, pair_mistake

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html: CPU units, lowest and highest
# memory in GiB, steps in GiB. 256 has three sizes of its own.
FARGATE = {
    512: (1, 4, 1),
    1024: (2, 8, 1),
    2048: (4, 16, 1),
    4096: (8, 30, 1),
    8192: (16, 60, 4),
    16384: (32, 120, 8),
}


def legal_pairs() -> set[tuple[int, int]]:
    pairs = {(256, 512), (256, 1024), (256, 2048)}
    for units, (lowest, highest, step) in FARGATE.items():
        pairs |= {(units, gib * 1024) for gib in range(lowest, highest + 1, step)}
    return pairs


def test_exactly_the_pairs_that_fargate_sells_are_legal() -> None:
    legal = legal_pairs()
    sizes = {mib for _, mib in legal}
    for units in (256, *FARGATE):
        for mib in sizes:
            mistake = pair_mistake(units, mib)
            assert (mistake is None) == ((units, mib) in legal)
    assert [units for units in range(1, 20_000) if cpu_mistake(units) is None] == [256, *FARGATE]
    assert {mib for mib in range(1, 200_000) if memory_mistake(mib) is None} == sizes


@pytest.mark.parametrize(
    ("written", "units"), [(256, 256), ("256", 256), ("0.25 vCPU", 256), ("1 vCPU", 1024), ("16vcpu", 16384)]
)
def test_cpu_is_units_or_vcpus(written: object, units: int) -> None:
    assert cpu().read(written) == units


@pytest.mark.parametrize(("written", "mib"), [(2048, 2048), ("2048", 2048), ("2 GB", 2048), ("0.5GB", 512)])
def test_memory_is_mib_or_gb(written: object, mib: int) -> None:
    assert memory().read(written) == mib


@pytest.mark.parametrize(("written", "gib"), [(20, 20), ("100", 100), ("200 GB", 200)])
def test_disk_is_gib(written: object, gib: int) -> None:
    assert disk(20, 200).read(written) == gib


@pytest.mark.parametrize("written", ["1 CPU", "1 VCPU", "0.3 vCPU", "-1 vCPU", "1  vCPU", 0.25, True, None, [256], ""])
def test_other_cpus_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^expected CPU units such as 256 or .*, found "):
        cpu().read(written)


@given(st.lists(st.integers(0, 999), min_size=4, max_size=4), st.sets(st.sampled_from("dhms"), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(counts: list[int], letters: set[str]) -> None:
    parts = [(count, letter) for count, letter in zip(counts, "dhms", strict=True) if letter in letters]
    text = "".join(f"{count}{letter}" for count, letter in parts)
    assert parse_duration(text) == sum(count * UNITS[letter] for count, letter in parts)


@given(st.integers(0, 10**9))
def test_a_duration_is_read_as_it_is_said(seconds: int) -> None:
    assert parse_duration(duration_text(seconds)) == seconds


@given(st.text(alphabet="0123456789dhms .-+", max_size=12))
def test_text_is_a_duration_only_with_each_unit_once_and_in_order(text: str) -> None:
    seconds = parse_duration(text)
    letters = [letter for letter in text if letter in UNITS]
    numbers = text
    for letter in UNITS:
        numbers = numbers.replace(letter, " ")
    well_formed = (
        text != ""
        and letters == sorted(set(letters), key="dhms".index)
        and len(numbers.split(" ")) == len(letters) + 1
        and all(part.isascii() and part.isdecimal() for part in numbers.split(" ")[:-1])
        and text[-1:] in UNITS
        and all(len(part) <= 9 for part in numbers.split(" "))
    )
    assert (seconds is not None) == well_formed


def test_minutes_are_whole() -> None:
    form = duration(60, 86_400, unit="m")
    assert form.read("1h30m") == 90
    with pytest.raises(ValueError, match="in whole minutes"):
        form.read("90s")


def outcome(form: Form, written: object) -> str:
    try:
        value = form.read(written)
    except ValueError as error:
        return str(error)
    return "read a whole number" if type(value) is int else f"read {value!r}"


@given(
    st.sampled_from([cpu(), memory(), disk(20, 200), duration(1, 86_400), duration(60, 86_400, unit="m")]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,9})? ?(GB|vCPU|[dhms])", fullmatch=True)
    | st.lists(st.integers(), max_size=2),
)
def test_a_form_reads_a_whole_number_or_says_what_it_expected(form: Form, written: object) -> None:
    assert outcome(form, written).startswith(("read a whole number", f"expected {form.expects}, found "))


@given(st.integers(-(10**18), 10**18) | st.integers(-1000, 1000).map(lambda n: n * 10**15) | st.floats(-1e20, 1e20))
def test_an_input_is_taken_only_with_numbers_that_jsonata_hands_on_unchanged(number: float) -> None:
    if json.loads(str(Jsonata("$string($)").evaluate(number))) == number:
        assert JobSpec(name="nightly", image="alpine", input=[number]).input == [number]
    else:
        with pytest.raises(ValidationError, match="write it in quotes"):
            JobSpec(name="nightly", image="alpine", input=[number])


class TestInPython:
    def test_units_are_in_the_names(self) -> None:
        job = JobSpec(name="nightly", image="alpine", timeout_seconds=90, stop_timeout_seconds=5, memory_mib=1024)
        assert (job.timeout_seconds, job.stop_timeout_seconds, job.memory_mib) == (90, 5, 1024)

    def test_bounds_hold(self) -> None:
        with pytest.raises(ValidationError, match="expected a duration from 2s to 2m"):
            JobSpec(name="nightly", image="alpine", stop_timeout_seconds=600)

    def test_rules_between_fields_hold(self) -> None:
        with pytest.raises(ValidationError, match="memory: expected memory of 4096 to 16384 MiB"):
            JobSpec(name="nightly", image="alpine", cpu_units=2048)
        with pytest.raises(ValidationError, match="expected image or build, found neither"):
            JobSpec(name="nightly")

    def test_a_spec_does_not_change(self) -> None:
        job = JobSpec(name="nightly", image="alpine")
        with pytest.raises(ValidationError, match="frozen"):
            job.cpu_units = 512  # pyright: ignore[reportAttributeAccessIssue]

    def test_values_stay_out_of_pydantics_errors(self) -> None:
        with pytest.raises(ValidationError) as caught:
            JobSpec.model_validate({"name": "nightly", "image": "alpine", "secrets": {"TOKEN": "hunter2 is it"}})
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ("prod/db", "secretsmanager"),
        ("/prod/db", "ssm"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf", "secretsmanager"),
        ("prod/db-secrets", "secretsmanager"),
        ("prod/db-se_ret", "secretsmanager"),
        ("/prod/db-secret", "ssm"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db", None),
        ("arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/prod/db", "ssm"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a:ssm:b", None),
        ("arn:aws:s3:::bucket", None),
    ],
)
def test_a_secret_is_in_one_service_or_the_other(source: str, service: str | None) -> None:
    if service is None:
        with pytest.raises(ValidationError):
            SecretSpec(source=source)
    else:
        assert SecretSpec(source=source).service == service


def test_a_jobs_name_can_be_checked_alone() -> None:
    check_job_name("daily-rollup-2")
    with pytest.raises(ValueError, match=r'^expected a job\'s name of .*, found "Daily"$'):
        check_job_name("Daily")


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:*", "ec2:Describe*", "execute-api:Invoke", "s3:Get?bject"])
@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:s3:::bucket/*",
        "arn:aws:ec2:*::snapshot/*",
        "arn:aws-cn:sqs:cn-north-1:123456789012:queue",
        "arn:*:logs:*:*:log-group:/a/b:*",
        "arn:aws:s3:::home/${aws:PrincipalTag/team}/*",
    ],
)
def test_what_iam_takes_is_taken(action: str, resource: str) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    conditions = {
        "StringEquals": {"aws:ResourceTag/team": "data"},
        "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]},
        "Bool": {"aws:SecureTransport": True},
        "NumericLessThanEquals": {"s3:max-keys": 10},
        "Null": {"aws:TokenIssueTime": False},
    }
    permission = PermissionSpec.model_validate({"actions": [action], "resources": [resource], "conditions": conditions})
    assert (permission.effect, permission.actions, permission.resources) == ("Allow", (action,), (resource,))
    assert permission.conditions == {
        "StringEquals": {"aws:ResourceTag/team": ("data",)},
        "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ("a", "b")},
        "Bool": {"aws:SecureTransport": ("true",)},
        "NumericLessThanEquals": {"s3:max-keys": ("10",)},
        "Null": {"aws:TokenIssueTime": ("false",)},
    }


@pytest.mark.parametrize(
    "image",
    [
        "alpine",
        "alpine:3.22",
        "localhost:5000/a/b__c:v1.0-rc.1",
        "public.ecr.aws/docker/library/alpine:3.22",
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/jobs@sha256:{'0a' * 32}",
        f"ghcr.io/owner/name:tag@sha256:{'0a' * 32}",
    ],
)
def test_image_references_are_taken(image: str) -> None:
    assert JobSpec(name="nightly", image=image).image == image


@pytest.mark.parametrize("image", ["", "Alpine", "alpine:", "a b", "a//b", "alpine@sha256:abc", "http://a/b", "-a"])
def test_what_is_no_image_reference_is_refused(image: str) -> None:
    with pytest.raises(ValidationError, match="expected an image reference"):
        JobSpec(name="nightly", image=image)
