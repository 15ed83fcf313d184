"""eks:runJob.sync: a Kubernetes Job on an EKS cluster, awaited, with its logs.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.kubernetes.cluster import Cluster
from sandbox.kubernetes.job_document import called
from sandbox.kubernetes.rbac import User
from sandbox.kubernetes.refused import Refused
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import parsed
from sandbox.step_functions.integrations.events import TaskEvents
from sandbox.step_functions.json_text import to_text

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall

_log = logging.getLogger(__name__)

FIELDS = ("ClusterName", "CertificateAuthority", "Endpoint", "Namespace", "Job", "LogOptions")
REQUIRED = ("ClusterName", "CertificateAuthority", "Endpoint", "Job")
_LOG_OPTIONS = frozenset({"RetrieveLogs", "RawLogs", "LogParameters"})
# "approximately 1 poll per minute. This rate eventually slows to approximately 1 poll every
# 5 minutes": when it does is not said.
_FIRST_POLLS = 10
_POLL_SECONDS = 60
_LATER_POLL_SECONDS = 300
# What a Cause holds: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TaskFailedEventDetails.html
_MAX_CAUSE = 32_768


class RunJob:
    """Creates a Job and asks for it now and then until it has ended; fails if the Job did.

    That a failed Job is States.TaskFailed with the Job as its Cause is how the other `.sync` integrations do it; AWS
    documents no error of its own for it. Nor does it say what deletes the Job of a task that is stopped: here the Job
    goes with its Pods.
    """

    name = "eks"
    waits_for_job = True

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        return TaskEvents(chain, region, "eks", "runJob.sync")

    def run(self, call: "TaskCall") -> Any:
        """The ended Job, with its logs if they were asked for."""
        parameters = call.parameters
        options = _log_options(parameters)
        session = _Session(call)
        namespace = parameters.get("Namespace", "default")
        created = session.ask(lambda: session.cluster.create_job(session.user(), namespace, parameters["Job"]))
        name = created["metadata"]["name"]
        try:
            call.submitted({"ResponseBody": created, "StatusCode": 201, "StatusText": "Created"})
            ended = _ended(call, session, namespace, name)
        except Refused as refused:
            # Nobody ends a Job of which Step Functions can learn nothing.
            raise _error(refused) from None
        except BaseException:
            _delete(session, namespace, name)
            raise
        if ended is None:
            return call.reported()
        if options.get("RetrieveLogs"):
            ended["logs"] = _logs(session, namespace, name, options)
        if _condition(ended, "Failed"):
            text = to_text(dict(sorted(ended.items())))
            of = called(ended["metadata"].get("labels", {}), name)
            cause = call.execution.services.faults.job_cause(of, text, ended)
            raise StateError("States.TaskFailed", cause[:_MAX_CAUSE])
        return ended


class _Session:
    """The machine's role at the API server of a cluster."""

    def __init__(self, call: "TaskCall") -> None:
        parameters, services = call.parameters, call.execution.services
        machine = call.execution.machine
        # Raises for a role that Step Functions may not assume; the token is signed with it.
        call.client("eks")
        self._role_arn: str = machine.role_arn
        self._session_name: str = machine.created_name[:64]
        self.cluster = _reached(services.kubernetes.find(parameters["ClusterName"]), parameters)

    def user(self) -> User:
        """Whom the cluster takes the role for; raises Refused."""
        return self.cluster.user(self._role_arn, self._session_name)

    def ask(self, request: Any) -> Any:
        """What a request is answered; raises StateError as Step Functions does for one that is refused."""
        try:
            return request()
        except Refused as refused:
            raise _error(refused) from None


def _reached(cluster: Cluster | None, parameters: dict[str, Any]) -> Cluster:
    """The cluster at an endpoint; what AWS says of one that it cannot reach is unverified."""
    endpoint = parameters["Endpoint"]
    if cluster is None or cluster.endpoint != endpoint:
        raise StateError("EKS.SdkClientException", f"Unable to execute HTTP request: no such host: {endpoint}")
    if cluster.certificate != parameters["CertificateAuthority"]:
        raise StateError(
            "EKS.SdkClientException", "Unable to execute HTTP request: unable to find valid certification path"
        )
    if not cluster.is_public:
        raise StateError("EKS.SdkClientException", f"Unable to execute HTTP request: connect timed out: {endpoint}")
    return cluster


def _error(refused: Refused) -> StateError:
    cause = {"ResponseBody": refused.body, "StatusCode": refused.status, "StatusText": refused.status.phrase}
    return StateError(f"EKS.{refused.status.value}", to_text(cause))


def _ended(call: "TaskCall", session: _Session, namespace: str, name: str) -> dict[str, Any] | None:
    """The Job once a poll finds it ended; None if the task's token has reported its end. Raises Refused."""
    for wait_seconds in _waits():
        if not call.wait_until(call.execution.clock.now() + wait_seconds):
            return None
        job = session.cluster.job(session.user(), namespace, name)
        if _condition(job, "Complete") or _condition(job, "Failed"):
            return job
    return None


def _waits() -> Iterator[int]:
    for _ in range(_FIRST_POLLS):
        yield _POLL_SECONDS
    while True:
        yield _LATER_POLL_SECONDS


def _condition(job: dict[str, Any], kind: str) -> bool:
    return any(each["type"] == kind and each["status"] == "True" for each in job["status"].get("conditions", ()))


def _log_options(parameters: dict[str, Any]) -> dict[str, Any]:
    options = parameters.get("LogOptions") or {}
    unknown = sorted(set(options) - _LOG_OPTIONS)
    if unknown:
        text = f"The field '{unknown[0]}' is not supported by Step Functions"
        raise StateError("States.Runtime", f"The Parameters '{to_text(parameters)}' could not be used: [{text}]")
    return options


def _logs(session: _Session, namespace: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The logs of the Job's Pods; "performed on a best-effort basis"."""
    try:
        user = session.user()
        pods = session.cluster.pods(user, namespace, name)
    except Refused as refused:
        _log.info("the pods of the Job %s are not told: %s", name, refused)
        return {"pods": {}}
    found = {}
    for pod in pods:
        try:
            text = session.cluster.log(user, pod, options.get("LogParameters") or {})
            log = {"log": text if options.get("RawLogs") else parsed(text)}
        except Refused as refused:
            error = _error(refused)
            log = {"error": error.error, "cause": error.cause}
        found[pod.name] = {"containers": {pod.container: log}}
    return {"pods": found}


def _delete(session: _Session, namespace: str, name: str) -> None:
    """Delete the Job of a task that nobody waits for any more. AWS tries once: without the right it runs on."""
    try:
        session.cluster.delete_job(session.user(), namespace, name)
    except Refused as refused:
        _log.info("the Job %s was not deleted: %s", name, refused)
