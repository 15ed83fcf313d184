"""What becomes of the result of a success: read, or told apart by what is wrong with it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from definitions.place import Place
from definitions.policies import results_bucket_policy, state_machine_role_policy, task_role_policy
from definitions.results import bucket_name_beginning
from spec.job import JobSpec
from tests.definitions.samples import LOG_GROUP, failed, job, task
from tests.definitions.walker import EXECUTION, Execution, Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

BUCKET = "longhaul-dev-results-0a1b2c3"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
RUN, READ, READ_WHOLE, DECIDE = "Run the job", "Read the result", "Read the whole result", "How did it end?"
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
MISSING = Failure("S3.NoSuchKeyException", "The specified key does not exist. (Service: S3, Status Code: 404, ...)")
NO_RANGE = Failure("S3.S3Exception", "The requested range is not satisfiable (Service: S3, Status Code: 416, ...)")
DENIED = Failure("S3.S3Exception", "Access Denied (Service: S3, Status Code: 403, ...)")


def left(text: str, size: int | None = None) -> dict[str, Any]:
    """GetObject's answer to the range that is asked for, about an object of `size` bytes."""
    size = len(text.encode()) if size is None else size
    last = min(size, 131_073) - 1
    return {"Body": text[: last + 1], "ContentLength": last + 1, "ContentRange": f"bytes 0-{last}/{size}"}


def run_with(definition: dict[str, Any], *answers: Any, results: list[Any] | None = None, **more: Any) -> Execution:
    """A run whose job leaves what S3 answers in turn, or keeps answering."""
    following = list(answers)

    def world(integration: str, _arguments: Any) -> Any:
        if integration == "aws-sdk:s3:getObject":
            return following.pop(0) if len(following) > 1 else following[0]
        return {}

    return walk(definition, {}, results or [task(0)], world, **more)


@pytest.mark.parametrize(
    "value",
    [{"rows": 896, "none": None, "nested": [[1], [], {}]}, [1], [], [[1]], {}, "text", 0, 1.5, True, False, None],
    ids=json.dumps,
)
def test_a_result_is_part_of_the_output_as_it_was_left(value: Any, machine_of: MachineOf) -> None:
    run = run_with(machine_of(job(results=True)), left(json.dumps(value)))

    assert run.states == [RUN, READ, "Succeeded"]
    assert run.output["status"] == "SUCCEEDED"
    assert json.dumps(run.output["result"]) == json.dumps(value)


def test_a_job_without_results_has_none(machine_of: MachineOf) -> None:
    definition = machine_of(job())

    run = walk(definition, {}, [task(0)])

    assert "result" not in run.output
    assert "LONGHAUL_RESULT_URL" not in run.environment(0)
    assert {READ, READ_WHOLE, "Left no valid result"}.isdisjoint(definition["States"])


@pytest.mark.parametrize("overlap", ["allow", "skip", "queue", "replace"])
def test_a_result_costs_no_state_more(overlap: str, machine_of: MachineOf) -> None:
    with_result, without = (machine_of(job(overlap=overlap, results=results)) for results in (True, False))

    run = run_with(with_result, left("{}"))

    assert len(run.states) == len(walk(without, {}, [task(0)]).states)
    assert run.output["result"] == {}


def test_each_attempt_has_a_place_of_its_own_and_the_last_ones_is_read(machine_of: MachineOf) -> None:
    definition = machine_of(job(results=True, retries={"attempts": 2}))
    interrupted = failed(143, StopCode="SpotInterruption")

    run = run_with(definition, left("1"), results=[failed(3), interrupted, task(0)], redrives=2)

    base = f"nightly/{EXECUTION['Name']}/2"
    keys = [f"{base}/1-0.json", f"{base}/2-0.json", f"{base}/2-1.json"]
    assert [run.environment(attempt)["LONGHAUL_RESULT_URL"] for attempt in range(3)] == [
        f"s3://{BUCKET}/{key}" for key in keys
    ]
    ((_, request),) = [call for call in run.calls if call[0] == "aws-sdk:s3:getObject"]
    assert request == {"Bucket": BUCKET, "Key": keys[-1], "Range": "bytes=0-131072"}


KEY = f"nightly/{EXECUTION['Name']}/0/1-0.json"
AT = f"at s3://{BUCKET}/{KEY}"


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ([MISSING], f"no result {AT}"),
        ([left("x" * 131_073, 131_073)], f"a result of 131073 bytes, of at most 131,072, {AT}"),
        ([left("[" + " " * 200_000 + "]")], f"a result of 200002 bytes, of at most 131,072, {AT}"),
        ([left("{'rows': 896}")], f"a result that is not JSON {AT}"),
        ([left("rolled up 896 flights")], f"a result that is not JSON {AT}"),
        ([NO_RANGE, {"Body": "", "ContentLength": 0}], f"a result that is not JSON {AT}"),
        ([DENIED, MISSING], f"no result {AT}"),
        ([DENIED, left("x" * 140_000, 140_000)], f"a result of 140000 bytes, of at most 131,072, {AT}"),
        (
            [Failure("States.DataLimitExceeded", "The state/task 'aws-sdk:s3' returned a result with a size ...")],
            f"a result that is too long for Step Functions to read {AT}",
        ),
    ],
    ids=["missing", "a byte too long", "too long", "python", "text", "empty", "trouble, missing",
         "trouble, too long", "too long as text"],
)  # fmt: skip
def test_what_is_wrong_with_a_result_is_an_end_of_its_own(answers: list[Any], what: str, machine_of: MachineOf) -> None:
    run = run_with(machine_of(job(results=True, retries={"attempts": 2})), *answers)

    assert run.error == "Job.InvalidResult"
    assert run.states == [RUN, *[READ, READ_WHOLE][: len(answers)], DECIDE, "Left no valid result"]
    assert run.sentence.startswith(f"nightly (dev) exited with code 0 in attempt 1 of 3 and left {what}")
    assert run.sentence.endswith(f"; log group {LOG_GROUP}, stream run/job/0123456789abcdef")
    assert (run.details["exitCode"], run.details["attempts"]) == (0, 1)
    assert "result" not in run.details


def test_the_longest_result_is_read(machine_of: MachineOf) -> None:
    longest = json.dumps("x" * 131_070)

    run = run_with(machine_of(job(results=True)), left(longest))

    assert len(longest) == 131_072
    assert run.output["result"] == "x" * 131_070


def test_a_whole_result_may_be_read_after_trouble(machine_of: MachineOf) -> None:
    run = run_with(machine_of(job(results=True)), DENIED, {"Body": "[1]", "ContentLength": 3})

    assert run.states == [RUN, READ, READ_WHOLE, "Succeeded"]
    assert run.output["result"] == [1]
    assert "Range" not in run.calls[-1][1]


def test_trouble_that_stays_ends_under_awss_own_name_after_retries(machine_of: MachineOf) -> None:
    definition = machine_of(job(results=True))

    run = run_with(definition, DENIED)

    assert (run.states[-1], run.error, run.cause) == (READ_WHOLE, DENIED.error, DENIED.cause)
    final, patient = definition["States"][READ_WHOLE]["Retry"]
    assert "S3.S3Exception" not in final["ErrorEquals"]
    assert (patient["ErrorEquals"], patient["MaxAttempts"]) == (["States.ALL"], 8)


@pytest.mark.parametrize("overlap", ["allow", "skip"])
def test_what_did_not_succeed_ends_as_without_results(overlap: str, machine_of: MachineOf) -> None:
    """Step Functions calls a task that exits with code 0 a success, whoever stopped it."""
    stopped = task(0, StopCode="UserInitiated", StoppedReason="Task stopped by user")
    with_result, without = (machine_of(job(overlap=overlap, results=results)) for results in (True, False))

    run = run_with(with_result, left("{}"), results=[stopped])

    plain = walk(without, {}, [stopped])
    assert (run.error, run.cause) == (plain.error, plain.cause)
    assert run.error == "Job.Stopped"
    assert [state for state in run.states if state != READ] == plain.states
    assert all(integration != "aws-sdk:s3:getObject" for integration, _ in run.calls)


def test_a_run_without_a_valid_result_gives_its_lock_back(machine_of: MachineOf) -> None:
    run = run_with(machine_of(job(results=True, overlap="skip")), MISSING)

    assert run.states[-3:] == ["Give back the failed run's lock", "What failed?", "Left no valid result"]


def statements(policy: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in (policy or {"Statement": []})["Statement"]}


def test_a_job_may_write_under_its_own_name_and_its_machine_read_there(place: Place) -> None:
    one = job(results=True)
    arns = {"cluster_arn": "c", "passed_role_arns": ["e", "t"], "lock_table_arn": None}

    code = statements(task_role_policy(one, results_bucket_arn=BUCKET_ARN))
    machine = statements(state_machine_role_policy(one, place, rivals=[], results_bucket_arn=BUCKET_ARN, **arns))

    assert code == {
        "LeaveResults": {
            "Sid": "LeaveResults",
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": f"{BUCKET_ARN}/nightly/*",
        }
    }
    assert machine["ReadResults"]["Action"] == ["s3:GetObject"]
    assert machine["ReadResults"]["Resource"] == f"{BUCKET_ARN}/nightly/*"
    assert machine["HearThatOneIsMissing"]["Action"] == ["s3:ListBucket"]
    assert machine["HearThatOneIsMissing"]["Resource"] == BUCKET_ARN
    assert machine["HearThatOneIsMissing"]["Condition"] == {"StringLike": {"s3:prefix": "nightly/*"}}
    assert task_role_policy(job(), results_bucket_arn=BUCKET_ARN) is None


def test_the_buckets_policy_denies_and_grants_nothing(place: Place) -> None:
    policy = results_bucket_policy(place, BUCKET_ARN)

    assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html: 20 KB, whatever jobs there are.
    assert len(json.dumps(policy)) < 2048


@pytest.mark.parametrize(
    ("stack", "beginning"), [("dev", "longhaul-dev-results"), ("dev_eu", "longhaul-dev-eu-results"), ("Prod", None)]
)
def test_a_buckets_name_is_within_s3s_rules(stack: str, beginning: str | None) -> None:
    """Lower case, digits, hyphens. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    place = Place(project="longhaul", stack=stack, partition="aws", region="eu-west-1", account="123456789012")

    assert bucket_name_beginning(place) == (beginning or "longhaul-prod-results")
