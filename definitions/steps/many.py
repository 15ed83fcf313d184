"""The state that runs a step once for each item of a list: a Map, inline or distributed.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from definitions.jsonata import ME, NAME, REDRIVES, expression, literal
from definitions.run_task import OWN_RUN, RunFacts, folder_of_run
from definitions.steps.container_step import container_states
from definitions.steps.job_step import job_states
from definitions.steps.scope import End, Exit, Scope, catch_failure, leave
from definitions.steps.written import INDEX, ITEM, jsonata, run_input, template
from spec.expressions import is_expression
from spec.step_containers import has_result
from spec.steps import CountSpec, ForEachSpec, ManySpec, StepSpec


def map_state(step: StepSpec, scope: Scope, way: Exit) -> dict[str, Any]:
    """Runs a step once for each of its items."""
    many = step.for_each
    assert many is not None
    value = template(step.input, scope.job, scope.results) if step.input is not None else expression(ITEM)
    batched, leaves_results = many.batch_size is not None, has_result(scope.job, step)
    selected = {"input": value, "index": expression(INDEX)}
    fields = {"ItemBatcher": _batcher(many.batch_size)} if many.batch_size is not None else {}
    return {
        "Comment": step.description or "Runs the step once for each item.",
        "Type": "Map",
        **_items(many, scope),
        **_map(step, many, scope, selected=value if batched else selected, leaves_results=leaves_results),
        **fields,
        **catch_failure(step.name, scope),
        **leave(way, _results(step, leaves_results), scope),
    }


def count_state(step: StepSpec, count: CountSpec, scope: Scope, way: Exit) -> dict[str, Any]:
    """Runs a job's container as several tasks, each with its number."""
    tasks = jsonata(count.tasks, scope.job, {}) if isinstance(count.tasks, str) else str(count.tasks)
    selected = {"input": expression(run_input(scope.job)), "index": expression(ITEM), "count": expression(tasks)}
    inner = replace(scope, variables={"LONGHAUL_COUNT": "$string($states.input.count)"})
    return {
        "Comment": "Runs the container as several tasks.",
        "Type": "Map",
        "Items": expression(f"[0..({tasks}) - 1]"),
        **_map(step, count, inner, selected=selected, leaves_results=scope.job.results),
        **catch_failure(step.name, scope),
        **leave(way, _results(step, scope.job.results), scope),
    }


def _items(many: ForEachSpec, scope: Scope) -> dict[str, Any]:
    if many.objects is not None:
        return {
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Arguments": {"Bucket": many.objects.bucket, "Prefix": many.objects.prefix},
            }
        }
    if is_expression(many.items):
        # A path of JSONata gives one value, not a list with it, where there is one, and nothing where there is none.
        items = jsonata(many.items, scope.job, scope.results)
        # Null is the result of a step that was not needed.
        return {"Items": expression(f"($items := {items}; $items = null ? [] : [$items])")}
    return {"Items": template(many.items, scope.job, scope.results)}


def _batcher(size: int) -> dict[str, Any]:
    return {"MaxItemsPerBatch": size, "BatchInput": {"run": _run_facts()}}


def _results(step: StepSpec, leaves_results: bool) -> dict[str, str]:
    return {step.name: "$states.result"} if leaves_results else {}


def _map(step: StepSpec, many: ManySpec, scope: Scope, *, selected: Any, leaves_results: bool) -> dict[str, Any]:
    """The fields of a Map apart from its items.

    Args:
        step: what is run for each.
        many: how many at once.
        scope: where the Map is.
        selected: the input of an iteration; of an item in a batch.
        leaves_results: whether the list of results is wanted.
    """
    batched = isinstance(many, ForEachSpec) and many.batch_size is not None
    facts = "$states.input.BatchInput.run" if batched else "$states.input.run"
    inner = replace(
        scope,
        after_failure=None,
        is_outermost=False,
        given_input="$states.input.Items" if batched else "$states.input.input",
        variables={**scope.variables, **({} if batched else {"LONGHAUL_INDEX": "$string($states.input.index)"})},
        path="$string($states.input.index)",
    )
    if many.is_distributed:
        # Of the execution that they are part of, the iterations see what they are given, and none of its variables.
        inner = replace(
            inner,
            run=RunFacts(
                execution_arn=f"{facts}.arn",
                name=f"{facts}.name",
                scheduled_time=f"{facts}.scheduledTime",
                given=facts,
                redrives=REDRIVES,
            ),
            guard=None if scope.guard is None else f"{REDRIVES} = 0",
            path=NAME,
            tells_details=not (leaves_results and _tolerance(many)),
        )
        selected = selected if batched else {**selected, "run": _run_facts()}
    way = End(results=None)
    states = job_states(step, inner, way) if step.job else container_states(step, inner, way)
    return {
        "ItemSelector": selected,
        "MaxConcurrency": many.max_concurrency,
        **_tolerance(many),
        **(_of_a_map_run(step, scope, leaves_results=leaves_results) if many.is_distributed else {}),
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
            if many.is_distributed
            else {"Mode": "INLINE"},
            "StartAt": next(iter(states)),
            "States": states,
        },
    }


def _of_a_map_run(step: StepSpec, scope: Scope, *, leaves_results: bool) -> dict[str, Any]:
    """The fields of a Map that starts executions.

    What they were and how they ended would be the Map's result, which has at most 256 KiB: some hundred executions
    that failed. Where no result is wanted, it goes to S3.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    if leaves_results or scope.bucket is None:
        return {"Label": step.name}
    folder = f"{folder_of_run(scope.job, OWN_RUN)} & {literal(f'/{step.name}')}"
    arguments = {"Bucket": scope.bucket, "Prefix": expression(folder)}
    return {
        "Label": step.name,
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": arguments},
    }


def _tolerance(many: ManySpec) -> dict[str, Any]:
    tolerated = many.tolerated_failures
    if tolerated in (0, "0%"):
        return {}
    if isinstance(tolerated, str):
        return {"ToleratedFailurePercentage": int(tolerated.removesuffix("%"))}
    return {"ToleratedFailureCount": tolerated}


def _run_facts() -> dict[str, Any]:
    given = f"{OWN_RUN.given}.environment"
    return {
        "arn": expression(ME),
        "name": expression(NAME),
        "scheduledTime": expression(OWN_RUN.scheduled_time),
        "environment": expression(f"$type({given}) = 'object' ? {given} : {{}}"),
    }
