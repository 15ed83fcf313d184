"""`longhaul start`: a run of a job, now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.console import notices
from cli.ops.endings import WaitOption, leave, wait_and_tell
from cli.ops.inputs import (
    CommandOption,
    EnvironmentOption,
    InputOption,
    read_environment,
    read_input,
    shown_input,
    split_command,
)
from cli.ops.options import DryRunOption, JobArgument, Where, verb


@verb
def start(
    where: Where,
    job: JobArgument,
    given: InputOption = None,
    command: CommandOption = None,
    env: EnvironmentOption = None,
    wait: WaitOption = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait, and print what it writes meanwhile.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Start a run of a job now; prints its ARN.

    It is one beside those that the schedule starts, and meets others as the job's `overlap` says.
    """
    from ops.names import find_job
    from ops.starting import check_input, new_name, start_run

    execution_input: dict[str, Any] = {"trigger": "manual"}
    if given is not None:
        execution_input["input"] = read_input(given)
    if command is not None:
        execution_input["command"] = split_command(command)
    if env:
        execution_input["environment"] = read_environment(env)
    found, name = find_job(where.stack, job), new_name("manual")
    check_input(where.aws, where.stack, found, name, execution_input)
    if dry_run:
        print(shown_input(execution_input))
        what = found.state_machine_arn or f"a task of {found.resource_name}"
        notices().print(f"Would start {what} with this.", markup=False, soft_wrap=True)
        return
    execution_arn = start_run(where.aws, found, name, execution_input)
    print(execution_arn, flush=True)
    if wait or follow:
        leave(wait_and_tell(where, found, execution_arn, follow=follow))
