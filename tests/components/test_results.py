"""Where results are left: a bucket that only a stack with such a job has."""

from collections.abc import Callable

from tests.components.conftest import Deployment

JOBS = """
longhaul:jobs:
  report: {image: "example.com/report:1", results: true}
  plain: {image: "example.com/report:1"}
"""
RESULTS = "longhaul:index:Results"
BUCKET = "longhaul-test-results-1a2b3c4"
KINDS = {
    "Bucket",
    "BucketLifecycleConfiguration",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
}


def part(deployment: Deployment, kind: str):
    return deployment.one(f"s3/{kind[0].lower()}{kind[1:]}:{kind}")


def test_a_stack_without_such_a_job_has_no_bucket(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS.replace(", results: true", ""))

    assert not [one for one in deployment.resources if one.type == RESULTS or one.type.startswith("aws:s3/")]


def test_there_is_one_bucket_a_stack_closed_encrypted_and_emptied(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS)

    made = deployment.children(deployment.one(RESULTS))
    assert {one.type.rpartition(":")[2] for one in made} == KINDS
    # Within S3's rules: the bucket's name is made of it.
    assert {one.name for one in made} == {"longhaul-test-results"}
    assert part(deployment, "Bucket").inputs["forceDestroy"] is True
    assert part(deployment, "Bucket").inputs["tags"] == {"longhaul:stack": "test"}
    settings = {kind: dict(part(deployment, kind).inputs) for kind in KINDS - {"Bucket"}}
    assert {inputs.pop("bucket") for inputs in settings.values()} == {BUCKET}
    assert set(settings["BucketPublicAccessBlock"].values()) == {True}
    assert len(settings["BucketPublicAccessBlock"]) == 4
    (rule,) = settings["BucketServerSideEncryptionConfiguration"]["rules"]
    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    (rule,) = settings["BucketLifecycleConfiguration"]["rules"]
    assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": ""})
    assert rule["expiration"] == {"days": 90}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}


def test_how_long_objects_stay_is_the_stacks(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS, "longhaul:resultRetention: 7")

    (rule,) = part(deployment, "BucketLifecycleConfiguration").inputs["rules"]
    assert rule["expiration"] == {"days": 7}


def test_only_a_job_with_results_has_to_do_with_it(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS)

    for job, concerned in (("report", True), ("plain", False)):
        machine = deployment.one("sfn/stateMachine:StateMachine", f"longhaul-test-{job}")
        policies = [one for one in deployment.all("iam/rolePolicy:RolePolicy") if f"-{job}-" in one.name]
        assert (BUCKET in machine.inputs["definition"]) == concerned
        granted = {one.name.rpartition("-")[2] for one in policies if BUCKET in one.inputs["policy"]}
        assert granted == ({"task", "states"} if concerned else set())


def test_no_run_starts_before_it_can_leave_a_result(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS)

    machine = deployment.one("sfn/stateMachine:StateMachine", "longhaul-test-report")
    needed = {part(deployment, kind).urn for kind in KINDS - {"Bucket"}}
    assert needed <= set(machine.dependencies)
    # S3 refuses two changes of a bucket's access at the same time.
    assert part(deployment, "BucketPublicAccessBlock").urn in part(deployment, "BucketPolicy").dependencies
