"""How a task state runs a container as a Job in an EKS cluster.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
"""

from definitions.kubernetes import outcome
from definitions.kubernetes.manifest import job_manifest
from definitions.run_call import RunCall
from definitions.run_task import TaskRun

SLACK_SECONDS = 900
"""How much longer than the Job itself may take its state waits: the Job tells more of how it ended, and Step Functions
asks it every one to five minutes."""


def kubernetes_call(task: TaskRun) -> RunCall:
    """What runs the container of a task; the result is its Job, with the last lines of its log."""
    cluster, run_on = task.target.eks_cluster, task.job.run_on
    assert cluster is not None, "a job on Kubernetes has a cluster"
    return RunCall(
        resource="arn:aws:states:::eks:runJob.sync",
        arguments={
            "ClusterName": run_on.cluster,
            "Endpoint": cluster.endpoint,
            "CertificateAuthority": cluster.certificate_authority,
            "Namespace": run_on.namespace,
            "LogOptions": {
                "RetrieveLogs": True,
                # Else a log that is JSON comes as what it says.
                "RawLogs": True,
                "LogParameters": {"tailLines": [str(outcome.LOG_LINES)], "limitBytes": [str(outcome.LOG_BYTES)]},
            },
            "Job": job_manifest(task),
        },
        timeout_seconds=task.container.timeout_seconds + SLACK_SECONDS,
        after_result=outcome.after_result(task),
        after_error=outcome.after_error(task),
        after_timeout=outcome.after_timeout(task),
    )
