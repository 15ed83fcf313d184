"""`longhaul redrive`: continues a run where it stands."""

from __future__ import annotations

from cli.console import notices
from cli.ops.endings import WaitOption, leave, wait_and_tell
from cli.ops.options import DryRunOption, RunArgument, Where, verb


@verb
def redrive(where: Where, run: RunArgument, wait: WaitOption = False, dry_run: DryRunOption = False) -> None:
    """Continue a run that was stopped, or that AWS let down, in the state that it was in.

    Where that cannot be, or would come to nothing, it says why, and what can be done instead.
    """
    from ops import redriving
    from ops.errors import OpsError
    from ops.names import find_run

    named = find_run(where.aws, where.stack, run)
    found = redriving.redrivable(where.aws, named.execution_arn)
    if found.why_not is not None:
        instead = f"longhaul rerun {named.job.name}@{named.name}"
        if found.again_from is not None:
            instead += f" --from {found.again_from}"
        if found.status == "RUNNING":
            instead = f"longhaul stop {named.job.name}@{named.name}, and then redrive it"
        raise OpsError(f"{named.name} of {named.job.name} is not redriven: {found.why_not}. Instead: {instead}")
    if found.goes_on_with:
        steps = " and ".join(found.goes_on_with)
        notices().print(f"It goes on with {steps}; steps that succeeded are not repeated.", markup=False)
    if dry_run:
        print(f"Would redrive {named.name} of {named.job.name} ({found.status}).")
        return
    redriving.redrive(where.aws, named.execution_arn)
    print(named.execution_arn, flush=True)
    if wait:
        leave(wait_and_tell(where, named.job, named.execution_arn, redrives=found.redrives + 1))
