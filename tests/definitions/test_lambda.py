"""A job that runs as a Lambda function: what it is told, and how it ended."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.lambda_function import lambda_function
from definitions.place import Place
from definitions.render import documents
from spec.compact_json import compact
from spec.job import JobSpec
from spec.run_on_rules.function_environment import largest_environment
from tests.definitions.endings import USED_UP
from tests.definitions.golden_jobs import stack_of
from tests.definitions.lambda_samples import (
    REQUEST,
    STREAM,
    errored,
    function_error,
    function_job,
    invoked,
    without_type,
)
from tests.definitions.samples import LOG_GROUP, job
from tests.definitions.strategies import json_values as inputs
from tests.definitions.strategies import permissions, secrets, tag_texts, variables, words
from tests.definitions.test_unreadable_causes import NAMES, causes, few, json_values
from tests.definitions.validators import document_problems
from tests.definitions.walker import Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]
LOG = f"; log group {LOG_GROUP}, stream {STREAM}"
NO_LOG = f"; nothing was written to log group {LOG_GROUP}"
LOOK = f"; look for RequestId: {REQUEST} in log group {LOG_GROUP}"
SOME_LOG = f"; look for the latest stream in log group {LOG_GROUP}"
PARTITIONS = botocore.session.Session().get_available_partitions()
REGIONS_OF = {
    partition: botocore.session.Session().get_available_regions("lambda", partition) for partition in PARTITIONS
}
THROTTLED = "Rate Exceeded. (Service: Lambda, Status Code: 429, Request ID: 0a1b2c3d)"
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: lambda:InvokeFunction on resource: "
    "arn:aws:lambda:eu-west-1:123456789012:function:longhaul-dev-nightly:7 because no identity-based policy allows it"
)


@dataclass(frozen=True)
class Case:
    """One way to end of a job that has two retries of each kind. `retried` on the job's own budget, `restarted` on the
    infrastructure's.
    """

    name: str
    failure: Failure | dict[str, Any]
    error: str
    sentence: str
    retried: bool = False
    restarted: bool = False


CASES = [
    Case("a bug in the job", errored("Job.ExitedNonZero", exitCode=3), "Job.ExitedNonZero",
         f"nightly (dev) exited with code 3 after 3 of 3 attempts{LOG}", retried=True),
    Case("an exit code that is final", errored("Job.ExitedNonZero", exitCode=64), "Job.ExitedNonZero",
         f"nightly (dev) exited with code 64, which is never retried, after 1 of 3 attempts{LOG}"),
    Case("the program was out of memory", errored("Job.OutOfMemory", exitCode=137), "Job.OutOfMemory",
         f"nightly (dev) ran out of its 512 MiB of memory (exit code 137) after 3 of 3 attempts{LOG}", retried=True),
    Case("the whole environment was out of memory",
         function_error("Runtime.ExitError", f"RequestId: {REQUEST} Error: Runtime exited with error: signal: killed"),
         "Job.OutOfMemory", f"nightly (dev) ran out of its 512 MiB of memory after 3 of 3 attempts{LOOK}",
         retried=True),
    Case("longer than its timeout",
         function_error("Sandbox.Timedout", f"RequestId: {REQUEST} Error: Task timed out after 300.00 seconds"),
         "Job.TimedOut", f"nightly (dev) ran longer than its timeout of 5m in attempt 1 of 3 and was stopped{LOOK}"),
    Case("longer than its timeout, as Lambda used to say it",
         without_type(f"2026-11-24T03:16:00.000Z {REQUEST} Task timed out after 300.05 seconds"),
         "Job.TimedOut", f"nightly (dev) ran longer than its timeout of 5m in attempt 1 of 3 and was stopped{LOOK}"),
    Case("nothing was heard", Failure("States.Timeout", ""), "Job.TimedOut",
         f"nightly (dev) ran longer than its timeout of 5m in attempt 1 of 3 and was stopped{SOME_LOG}"),
    Case("the bootstrap crashed",
         function_error("Runtime.ExitError", f"RequestId: {REQUEST} Error: Runtime exited with error: exit status 1"),
         "Job.Unexplained",
         f"nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (RequestId: {REQUEST} Error: Runtime "
         f"exited with error: exit status 1){LOOK}", retried=True),
    Case("no Python in the image",
         function_error("Runtime.InvalidEntrypoint",
                        f'RequestId: {REQUEST} Error: exec: "python3": executable file not found in $PATH'),
         "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3: Runtime.InvalidEntrypoint (RequestId: "
         f'{REQUEST} Error: exec: "python3": executable file not found in $PATH){NO_LOG}'),
    Case("no such program", errored("Job.NotStarted", reason="cannot start no-such-program: no such file"),
         "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3 (cannot start no-such-program: no such "
         f"file){LOG}"),
    Case("a secret that is not there",
         errored("Job.NotStarted", reason="cannot read the secret TOKEN from arn:x: ResourceNotFoundException: none"),
         "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3 (cannot read the secret TOKEN from arn:x: "
         f"ResourceNotFoundException: none){LOG}"),
    Case("a secret that the function may not read",
         errored("Job.NotStarted", reason=f"cannot read the secret TOKEN from arn:x: AccessDeniedException: {DENIED}"),
         "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3 (cannot read the secret TOKEN from arn:x: "
         f"AccessDeniedException: {DENIED}){LOG}"),
    Case("a secret that AWS did not tell, once too often",
         errored("Job.NeverStarted", reason="cannot read the secret TOKEN from arn:x: ThrottlingException"),
         "Job.NeverStarted",
         f"nightly (dev) never started {USED_UP} (cannot read the secret TOKEN from arn:x: ThrottlingException){LOG}",
         restarted=True),
    Case("throttled, once too often", Failure("Lambda.TooManyRequestsException", THROTTLED), "Job.NeverStarted",
         f"nightly (dev) never started {USED_UP}: Lambda.TooManyRequestsException ({THROTTLED}){NO_LOG}",
         restarted=True),
    Case("Lambda's own trouble, once too often", Failure("Lambda.ServiceException", "internal"), "Job.NeverStarted",
         f"nightly (dev) may have run: Lambda gave no answer {USED_UP}: Lambda.ServiceException (internal){SOME_LOG}",
         restarted=True),
    Case("no room in the subnets", Failure("Lambda.SubnetIPAddressLimitReachedException", "no addresses"),
         "Job.NeverStarted",
         f"nightly (dev) never started {USED_UP}: Lambda.SubnetIPAddressLimitReachedException (no addresses){NO_LOG}",
         restarted=True),
    Case("an image that Lambda has put away, once too often",
         Failure("Lambda.CodeArtifactUserPendingException", "Lambda is initializing your function."),
         "Job.NeverStarted",
         f"nightly (dev) never started {USED_UP}: Lambda.CodeArtifactUserPendingException (Lambda is initializing your "
         f"function.){NO_LOG}", restarted=True),
    Case("a machine that may not invoke it", Failure("Lambda.AWSLambdaException", DENIED), "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3: Lambda.AWSLambdaException "
         f"({DENIED}){NO_LOG}"),
    Case("a role that Lambda cannot assume",
         Failure("Lambda.AWSLambdaException", "The role defined for the function cannot be assumed by Lambda."),
         "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3: Lambda.AWSLambdaException (The role defined "
         f"for the function cannot be assumed by Lambda.){NO_LOG}"),
    Case("a version that is gone", Failure("Lambda.ResourceNotFoundException", "Function not found"), "Job.Refused",
         "nightly (dev) was refused and did not start in attempt 1 of 3: Lambda.ResourceNotFoundException (Function "
         f"not found){NO_LOG}"),
    Case("another program answered", invoked(0, exitCode="0"), "Job.Unexplained",
         "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (its function answered without an exit "
         f"code){LOG}", retried=True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_way_to_end_has_its_name(machine_of: MachineOf, case: Case) -> None:
    job = function_job(retries={"attempts": 2, "finalExitCodes": [64]}, startRetries={"attempts": 2})
    run = walk(machine_of(job), {}, [case.failure] * 3)

    assert run.error == case.error
    assert run.sentence == case.sentence
    attempts = 3 if case.retried or case.restarted else 1
    assert len(run.arguments) == attempts
    assert run.states.count("Wait before the next attempt") == (2 if case.retried else 0)
    assert run.states.count("Wait before starting again") == (2 if case.restarted else 0)


def test_an_exit_code_is_reason_enough(machine_of: MachineOf) -> None:
    run = walk(machine_of(function_job()), {}, [errored("Job.ExitedNonZero", exitCode=3)])
    assert (run.details["exitCode"], run.details["requestId"]) == (3, REQUEST)
    assert "reason" not in run.details


@pytest.mark.parametrize(
    "name",
    [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.TooManyRequestsException",
    ],
)
def test_what_aws_advises_to_retry_is_retried(machine_of: MachineOf, name: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
    run = walk(machine_of(function_job()), {}, [Failure(name, "..."), invoked()])
    assert run.error is None


def test_a_success_tells_what_the_bootstrap_told(machine_of: MachineOf) -> None:
    run = walk(machine_of(function_job()), {"scheduledTime": "2026-11-24T03:15:00Z"}, [invoked()])
    assert run.output == {
        "job": "nightly",
        "stack": "dev",
        "status": "SUCCEEDED",
        "exitCode": 0,
        "requestId": REQUEST,
        "startedAt": "2026-11-24T03:16:00.000Z",
        "stoppedAt": "2026-11-24T03:17:00.000Z",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "attempts": 1,
        "startRetries": 0,
        "logGroup": LOG_GROUP,
        "logStream": STREAM,
    }


def test_a_function_gets_the_variables_of_the_run_and_the_exact_version(machine_of: MachineOf) -> None:
    given = {"input": {"day": "x"}, "scheduledTime": "2026-11-24T03:15:00Z", "environment": {"DAY": 3, "AWS_X": "no"}}
    run = walk(machine_of(function_job()), given, [invoked()])
    (request,) = run.arguments
    assert request["FunctionName"] == "arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-nightly:7"
    assert request["Payload"] == {
        "environment": {
            "LONGHAUL_JOB": "nightly",
            "LONGHAUL_STACK": "dev",
            "LONGHAUL_EXECUTION": "7f2e",
            "LONGHAUL_SCHEDULED_TIME": "2026-11-24T03:15:00Z",
            "LONGHAUL_ATTEMPT": "1",
            "LONGHAUL_INPUT": '{"day":"x"}',
            "DAY": "3",
        }
    }


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["--all"], ["python", "-m", "nightly", "--all"]),
        ([], ["python", "-m", "nightly"]),
        ("--all", ["python", "-m", "nightly", "--all"]),
    ],
)
def test_a_persons_command_goes_behind_the_entry_point(machine_of: MachineOf, command: Any, words: list[str]) -> None:
    run = walk(machine_of(function_job(command=["--one"])), {"command": command}, [invoked()])
    assert run.arguments[0]["Payload"]["command"] == words


def test_the_state_waits_longer_than_the_function_may_take(machine_of: MachineOf) -> None:
    assert machine_of(function_job())["States"]["Run the job"]["TimeoutSeconds"] == 360


def test_a_function_is_told_of_its_secrets_what_a_task_is() -> None:
    secrets = {
        "BY_ARN": "arn:aws:secretsmanager:eu-central-1:210987654321:secret:shared/token-a1B2c3",
        "ONE_KEY": {"from": "sales/database", "key": "user"},
        "PARAMETER": "/sales/api-token",
    }
    on_fargate, on_lambda = job(secrets=secrets), function_job(secrets=secrets, environment={"SHOP": "all"})
    task = documents(on_fargate, stack_of(on_fargate))["task-definition"]
    (container,) = task["containerDefinitions"]
    variables = documents(on_lambda, stack_of(on_lambda))["function"]["Environment"]["Variables"]
    assert variables.keys() == {"LONGHAUL_SECRETS", "SHOP"}
    told = [{"name": name, "valueFrom": source} for name, source in json.loads(variables["LONGHAUL_SECRETS"]).items()]
    assert told == container["secrets"]


def test_steps_with_other_secrets_have_roles_of_their_own() -> None:
    one, two = ({"TOKEN": f"sales/{name}"} for name in ("one", "two"))
    stepped = function_job(
        secrets=one, steps=[{"name": "first"}, {"name": "same", "secrets": one}, {"name": "other", "secrets": two}]
    )
    policies = documents(stepped, stack_of(stepped))["policies"]
    readable = {
        name: [one["Resource"] for one in each["policy"]["Statement"] if one.get("Sid") == "ReadSecrets"]
        for name, each in policies.items()
        if name.startswith("function-role")
    }
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales/{}-??????"
    assert readable == {
        "function-role": [[arn.format("one")]],
        # What a step says goes over what the job says, by the name of the variable.
        "function-role nightly_other": [[arn.format("two")]],
    }


any_function_job = st.builds(
    function_job,
    description=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=512),
    entrypoint=st.lists(words, min_size=1, max_size=3),
    command=st.none() | st.lists(words, min_size=1, max_size=3),
    memory=st.integers(128, 10_240),
    ephemeralStorage=st.integers(1, 10),
    architecture=st.sampled_from(["arm64", "x86_64"]),
    environment=st.dictionaries(st.from_regex(r"V[A-Z0-9_]{1,10}", fullmatch=True), words, max_size=3),
    secrets=st.dictionaries(variables.map(lambda name: f"S{name}"), secrets, max_size=3),
    permissions=st.lists(permissions, max_size=2),
    timeout=st.sampled_from(["1s", "90s", "15m"]),
    overlap=st.sampled_from(["skip", "queue", "replace", "allow"]),
    results=st.booleans(),
    input=inputs,
    tags=st.dictionaries(tag_texts, tag_texts, max_size=3),
)


@few
@given(any_function_job)
def test_no_validator_objects_to_any_document_of_any_job(any_job: JobSpec) -> None:
    assert document_problems(documents(any_job, stack_of(any_job))) == []


@few
@given(any_function_job, st.sampled_from(PARTITIONS))
def test_no_environment_is_larger_than_was_counted_on(any_job: JobSpec, partition: str) -> None:
    for region in REGIONS_OF[partition]:
        place = Place(project="longhaul", stack="dev", partition=partition, region=region, account="123456789012")
        function = lambda_function(any_job, place, code="", role_arn="", log_group_name="", network=None)
        variables = function.get("Environment", {}).get("Variables", {})
        assert len(compact(variables)) <= len(compact(largest_environment(any_job)))
        assert variables.keys() == largest_environment(any_job).keys()


@few
@given(
    st.sampled_from(
        [
            "Job.ExitedNonZero",
            "Job.OutOfMemory",
            "Job.NotStarted",
            "Job.NeverStarted",
            "Runtime.ExitError",
            "Lambda.Unknown",
        ]
    ),
    causes | st.builds(lambda message: json.dumps({"errorType": "x", "errorMessage": message}), json_values | causes),
)
def test_any_failure_ends_under_one_of_our_names(machine_of: MachineOf, error: str, cause: str) -> None:
    run = walk(machine_of(function_job()), {}, [Failure(error, cause)] * 11)

    assert run.error in {*NAMES, "Job.TimedOut"}
    assert run.details["status"] == "FAILED"
    assert "\n" not in run.sentence


@few
@given(json_values | st.dictionaries(st.sampled_from(["exitCode", "requestId", "startedAt", "logStream"]), json_values))
def test_only_exit_code_0_is_success(machine_of: MachineOf, payload: Any) -> None:
    run = walk(machine_of(function_job()), {}, [{"Payload": payload, "StatusCode": 200}] * 11)

    if run.error is None:
        assert isinstance(payload, dict)
        assert payload["exitCode"] == 0
        assert payload["exitCode"] is not False
    else:
        assert run.error == "Job.Unexplained"
