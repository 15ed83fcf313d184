"""A stack of scheduled jobs: what Pulumi.<stack>.yaml and jobs/*/job.yaml ask for, as resources in AWS."""

import gc
from pathlib import Path

import pulumi

from components.alerts import Alerts, AlertsArgs
from components.configuration import stack_configuration
from components.job_cluster import JobCluster, JobClusterArgs
from components.lambda_zip import pack_all
from components.ledger import Ledger, LedgerArgs
from components.network import Network, NetworkArgs
from components.place import current_place
from components.results import Results, ResultsArgs
from components.scheduled_job import ScheduledJob, ScheduledJobArgs
from components.started_by import check_starting_roles
from components.summary import stack_outputs
from components.trigger_delivery import TriggerDelivery, TriggerDeliveryArgs
from spec.errors import SpecErrors
from spec.load import load_stack

# What a program allocates lives until it ends. The usual thresholds spend a third of its time looking for garbage.
gc.set_threshold(200_000, 50, 100)
# The SDK tells the engine what it is about to do, four times a resource, and waits each time until that has been heard:
# a third of the program's processor time, for what only `--debug` shows. https://github.com/pulumi/pulumi/issues/7292
pulumi.log.debug = lambda *_, **__: None

try:
    stack = load_stack(Path(__file__).parent, pulumi.get_stack(), stack_configuration())
except SpecErrors as errors:
    # Of a RunError Pulumi shows the text alone: every mistake on its line, no traceback.
    raise pulumi.RunError(str(errors)) from None

place = current_place(stack)
check_starting_roles(stack, place)
pack_all(stack, place)
name = f"{stack.project}-{stack.name}"
network = Network(name, NetworkArgs(stack=stack, place=place))
cluster = JobCluster(name, JobClusterArgs(stack=stack, place=place))
delivery = TriggerDelivery(name, TriggerDeliveryArgs(stack=stack, place=place))
ledger = Ledger(name, LedgerArgs(stack=stack, place=place, delivery=delivery))
results = Results(name, ResultsArgs(stack=stack, place=place)) if stack.needs_results_bucket else None
alerts = Alerts(name, AlertsArgs(stack=stack, place=place, delivery=delivery)) if stack.alerts.wanted else None
jobs = {
    job.name: ScheduledJob(
        place.name(job.name),
        ScheduledJobArgs(
            job=job, stack=stack, place=place, network=network, cluster=cluster, delivery=delivery, results=results
        ),
    )
    for job in stack.jobs
}
for key, value in stack_outputs(
    stack, network=network, cluster=cluster, delivery=delivery, ledger=ledger, alerts=alerts, jobs=jobs
).items():
    pulumi.export(key, value)
