"""What a job becomes in a cluster, as Kubernetes' published schemas and its rules for names have it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import kubernetes_validate
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from definitions.kubernetes_call import kubernetes_call
from definitions.place import Place
from definitions.render import documents
from definitions.run_task import RunTarget, task_of_job
from definitions.state_machine import state_machine
from spec.job import JobSpec
from tests.definitions.golden_jobs import stack_of
from tests.definitions.kubernetes_samples import CLUSTER, IMAGE, VERSIONS, cluster_job, exited, succeeded
from tests.definitions.strategies import json_values, variables, words
from tests.definitions.test_validators import texts
from tests.definitions.validators import document_problems
from tests.definitions.walker import walk

# https://kubernetes.io/docs/concepts/overview/working-with-objects/
LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")

JobOf = Callable[..., dict[str, Any]]


@pytest.fixture
def in_cluster(target: RunTarget) -> RunTarget:
    return replace(target, what_runs=IMAGE, eks_cluster=CLUSTER)


@pytest.fixture
def job_of(place: Place, in_cluster: RunTarget) -> JobOf:
    """The Job of a run's first attempt: a job and an execution's input to it."""

    def first(job: JobSpec, execution_input: Any = None) -> dict[str, Any]:
        machine = json.loads(json.dumps(state_machine(job, place, in_cluster)))
        return walk(machine, execution_input or {}, [succeeded()]).arguments[0]["Job"]

    return first


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def environment(job: dict[str, Any]) -> dict[str, str]:
    """What the container sees of its plain variables."""
    seen: dict[str, str] = {}
    for variable in container(job)["env"]:
        if "value" in variable:
            seen[variable["name"]] = expanded(variable["value"], seen)
    return seen


def expanded(text: str, seen: dict[str, str]) -> str:
    """A text as Kubernetes expands it: `$(NAME)` to a variable that is known by then, `$$` to a dollar sign.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return re.sub(
        r"\$\$|\$\(([^)]*)\)", lambda found: "$" if found[0] == "$$" else seen.get(found[1], found[0]), text, flags=re.S
    )


def test_the_plainest_job_is_what_kubernetes_calls_one(job_of: JobOf) -> None:
    job = job_of(cluster_job(), {"scheduledTime": "2026-11-24T03:15:00Z", "input": {"day": 1}})

    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["activeDeadlineSeconds"] == 5400
    pod = job["spec"]["template"]["spec"]
    assert (pod["restartPolicy"], pod["serviceAccountName"]) == ("Never", "nightly")
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    assert pod["terminationGracePeriodSeconds"] == 30
    # If a Job is deleted and its pods are kept, they end themselves; before that, the Job has the word.
    assert pod["activeDeadlineSeconds"] > job["spec"]["activeDeadlineSeconds"]
    # No autoscaler spares its node: https://karpenter.sh/docs/concepts/disruption/#pod-level-controls
    assert job["spec"]["template"]["metadata"]["annotations"] == {
        "longhaul/execution": "7f2e",
        "karpenter.sh/do-not-disrupt": "true",
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    }
    # Else a node takes what it has of a tag, however old. https://kubernetes.io/docs/concepts/containers/images/
    assert (container(job)["image"], container(job)["imagePullPolicy"]) == (IMAGE, "Always")
    # 256 of 1,024 units are a quarter of a processor.
    assert container(job)["resources"]["requests"] == {"cpu": "250m", "memory": "512Mi"}
    assert container(job)["resources"]["limits"] == container(job)["resources"]["requests"]
    assert environment(job) == {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "LONGHAUL_JOB": "nightly",
        "LONGHAUL_STACK": "dev",
        "LONGHAUL_EXECUTION": "7f2e",
        "LONGHAUL_SCHEDULED_TIME": "2026-11-24T03:15:00Z",
        "LONGHAUL_ATTEMPT": "1",
        "LONGHAUL_INPUT": '{"day":1}',
    }


def test_what_a_job_says_of_its_container_is_in_its_pod(job_of: JobOf) -> None:
    job = job_of(
        cluster_job(
            entrypoint=["python", "-m", "$(x)"],
            command=["--shop", "$HOME"],
            cpu=100,
            memory=300,
            ephemeralStorage=50,
            architecture="arm64",
            user="1000:2000",
            readonlyRootFilesystem=True,
            stopTimeout="90s",
            secrets={"PASSWORD": {"from": "database.sales", "key": "password"}},
            runOn={"kind": "kubernetes", "cluster": "analytics", "serviceAccount": "scorer"},
        )
    )

    pod = job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == "default"
    assert pod["serviceAccountName"] == "scorer"
    assert pod["nodeSelector"]["kubernetes.io/arch"] == "arm64"
    assert pod["terminationGracePeriodSeconds"] == 90
    assert [expanded(part, {"x": "expanded"}) for part in container(job)["command"]] == ["python", "-m", "$(x)"]
    assert [expanded(part, {}) for part in container(job)["args"]] == ["--shop", "$HOME"]
    # Rounded up: 97.65 thousandths would be less than was asked for.
    assert container(job)["resources"]["limits"] == {"cpu": "98m", "memory": "300Mi", "ephemeral-storage": "50Gi"}
    assert container(job)["securityContext"] == {
        "runAsUser": 1000,
        "runAsGroup": 2000,
        "readOnlyRootFilesystem": True,
    }
    assert container(job)["env"][-1] == {
        "name": "PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "database.sales", "key": "password"}},
    }


def test_a_persons_start_may_bring_variables_and_a_command(job_of: JobOf) -> None:
    job = job_of(
        cluster_job(
            command=["all"],
            environment={"SHOP": "1", "DAY": "$(SHOP)"},
            secrets={"PASSWORD": {"from": "database", "key": "password"}},
        ),
        {
            "environment": {"SHOP": "$(DAY)", "MORE": 5, "LONGHAUL_JOB": "x", "AWS_REGION": "x", "PASSWORD": "x"},
            "command": ["one", "$$"],
        },
    )

    seen = environment(job)
    assert (seen["SHOP"], seen["DAY"], seen["MORE"]) == ("$(DAY)", "$(SHOP)", "5")
    assert (seen["LONGHAUL_JOB"], seen["AWS_REGION"]) == ("nightly", "eu-west-1")
    assert "PASSWORD" not in seen
    assert [variable["name"] for variable in container(job)["env"]].count("PASSWORD") == 1
    assert [expanded(part, {}) for part in container(job)["args"]] == ["one", "$$"]


def test_an_input_that_ecs_would_not_take_is_refused_here_too(place: Place, in_cluster: RunTarget) -> None:
    machine = json.loads(json.dumps(state_machine(cluster_job(), place, in_cluster)))

    run = walk(machine, {"input": "x" * 9000}, [])

    assert run.error == "Job.Refused"
    assert "of the 8,192 characters" in run.sentence
    assert run.sentence.endswith("; there is no Job of it in the cluster")


def test_each_attempt_has_a_name_of_its_own_and_asking_twice_for_one_gives_the_same(
    place: Place, in_cluster: RunTarget
) -> None:
    tried = cluster_job(name="a-name-that-is-longer-than-what-is-left-of-it", retries={"attempts": 3})
    machine = json.loads(json.dumps(state_machine(tried, place, in_cluster)))

    def names_of(redrives: int) -> list[str]:
        run = walk(machine, {}, [exited(1)] * 4, redrives=redrives)
        return [arguments["Job"]["metadata"]["name"] for arguments in run.arguments]

    first, again, redriven = names_of(0), names_of(0), names_of(1)
    assert first == again
    assert len({*first, *redriven}) == 8
    assert all(DNS_LABEL.fullmatch(name) and name.startswith("a-name-that-is-longer-than") for name in first)


cluster_secrets = st.fixed_dictionaries(
    {"from": st.from_regex(r"[a-z0-9]{1,8}([-.][a-z0-9]{1,8})?", fullmatch=True), "key": st.sampled_from(["a", "B_.-"])}
)
cluster_jobs = st.builds(
    cluster_job,
    name=st.from_regex(r"[a-z][a-z0-9]{0,30}(-[a-z0-9]{1,16})?", fullmatch=True),
    entrypoint=st.none() | st.lists(words, min_size=1, max_size=3),
    command=st.none() | st.lists(words, min_size=1, max_size=3),
    cpu=st.integers(17, 196_608),
    memory=st.integers(6, 1_000_000),
    ephemeralStorage=st.integers(20, 200),
    architecture=st.sampled_from(["arm64", "x86_64"]),
    environment=st.dictionaries(variables, words, max_size=3),
    secrets=st.dictionaries(variables.map(lambda name: f"S{name}"), cluster_secrets, max_size=3),
    user=st.none() | st.from_regex(r"[0-9]{1,9}(:[0-9]{1,9})?", fullmatch=True),
    readonlyRootFilesystem=st.booleans(),
    timeout=st.sampled_from(["1s", "90m", "3d"]),
    stopTimeout=st.sampled_from(["2s", "2m"]),
    input=json_values,
)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "input": json_values,
        "environment": st.dictionaries(variables, words | st.integers(), max_size=3) | json_values,
        "command": st.lists(words, max_size=3) | words,
    },
)


@settings(max_examples=40)
@given(cluster_jobs, inputs, st.sampled_from(VERSIONS))
@example(cluster_job(command=["{% $x %}"], environment={"V": "$(LONGHAUL_JOB)$$%}"}), {}, VERSIONS[-1])
def test_any_job_is_one_that_the_published_schemas_accept(
    job_of: JobOf, any_job: JobSpec, execution_input: dict[str, Any], version: str
) -> None:
    job = job_of(any_job, execution_input)

    kubernetes_validate.validate(job, version, strict=True)
    assert DNS_LABEL.fullmatch(job["metadata"]["name"])
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert all(LABEL_VALUE.fullmatch(value) for value in metadata["labels"].values())
    called = [variable["name"] for variable in container(job)["env"]]
    assert len(called) == len(set(called))
    seen, given_ = environment(job), execution_input.get("environment")
    replaced = given_ if isinstance(given_, dict) else {}
    assert {name: seen[name] for name in any_job.environment if name not in replaced} == {
        name: value for name, value in any_job.environment.items() if name not in replaced
    }
    if "command" not in execution_input:
        assert [expanded(part, seen) for part in container(job)["args"]] == list(any_job.command or ())


@settings(max_examples=15)
@given(cluster_jobs)
@example(cluster_job(command=["%} {%"], input="%} {% $x", secrets={"S": {"from": "a", "key": "b"}}))
def test_no_validator_objects_to_any_document_of_any_job(any_job: JobSpec) -> None:
    rendered = documents(any_job, stack_of(any_job))

    assert document_problems(rendered) == []
    for text in texts(rendered["state-machine"]["States"]):
        if "{%" in text or "%}" in text:
            assert (text[:2], text[-2:]) == ("{%", "%}")
            assert not re.search(r"\{%|%\}", text[2:-2])


MISTAKES = [
    (("spec", "activeDeadlineSeconds"), "5400"),
    (("spec", "podFailurePolicy", "rules", 0, "action"), None),
    (("spec", "template", "spec", "containers", 0, "environment"), []),
    (("spec", "template", "spec", "containers", 0, "securityContext", "runAsUser"), "1000"),
    (("spec", "template", "spec", "restartPolicies"), "Never"),
]


@pytest.mark.parametrize(("path", "value"), MISTAKES, ids=lambda part: str(part))
def test_the_schemas_find_planted_mistakes(path: tuple[str | int, ...], value: Any, job_of: JobOf) -> None:
    job = json.loads(json.dumps(job_of(cluster_job())))
    place: Any = job
    for folder in path[:-1]:
        place = place[folder]
    place[path[-1]] = value

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, VERSIONS[0], strict=True)


def test_the_call_names_the_cluster_and_asks_for_the_end_of_the_log(place: Place, in_cluster: RunTarget) -> None:
    job = cluster_job()

    call = kubernetes_call(task_of_job(job, place, in_cluster))

    assert call.resource == "arn:aws:states:::eks:runJob.sync"
    assert {key: call.arguments[key] for key in ("ClusterName", "Namespace", "Endpoint", "CertificateAuthority")} == {
        "ClusterName": "analytics",
        "Namespace": "batch",
        "Endpoint": CLUSTER.endpoint,
        "CertificateAuthority": CLUSTER.certificate_authority,
    }
    assert call.arguments["LogOptions"]["RetrieveLogs"] is True
    # A map of text to lists of text. https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    assert call.arguments["LogOptions"]["LogParameters"] == {"tailLines": ["20"], "limitBytes": ["4096"]}
    # Ended by itself, a Job is seen to have at the latest five minutes after it.
    assert call.timeout_seconds >= job.timeout_seconds + job.stop_timeout_seconds + 300
