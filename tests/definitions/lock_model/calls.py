"""What each call that changes something does to the world when it takes effect, early or late."""

from tests.definitions.lock_model.model import Entry, Late, Run, Scenario, State, Task

Effect = tuple[State | None, str | None]
"""The state after it, or None if its condition does not hold; and what must not happen, if it happened."""


def with_run(state: State, number: int, run: Run) -> State:
    runs = state.runs
    return state._replace(runs=(*runs[:number], run, *runs[number + 1 :]))


def is_dead(state: State, entry: Entry) -> bool:
    """Whether the life in which the entry was made has ended."""
    return state.runs[entry.run].life >= 2 * entry.redrives + 2


def function_ended(scenario: Scenario, state: State, entry: Entry) -> State:
    """When the function of a life, and of all before it, must have ended, one included that was still to begin."""
    guards, task, late = scenario.guards, state.task, state.late
    if guards.function_ends and task is not None and task.run == entry.run and task.redrives <= entry.redrives:
        state = state._replace(task=None)
    waits = guards.function_ends and guards.late_function_ends
    if waits and late is not None and late.run == entry.run and late.redrives <= entry.redrives:
        state = state._replace(late=None)
    return state


def take_effect(scenario: Scenario, state: State, call: Late) -> Effect:
    """The effect of one call, by the step that makes it."""
    mine, line, guards = Entry(call.run, call.redrives), state.line, scenario.guards
    match call.step:
        case "take":
            if line and (guards.takes_only_empty or line[0] != mine):
                return None, None
            return _write_with_time(scenario, state, call.run, (mine,))
        case "join":
            if len(line) >= scenario.limit or (guards.joins_once and mine in line):
                return None, None
            return _write_with_time(scenario, state, call.run, (*line, mine))
        case "displace":
            assert call.seen is not None
            if guards.head_is_compared and line[:1] != (call.seen,):
                return None, None
            return _write_with_time(scenario, state, call.run, (call.seen, mine), displaces=True)
        case "clear" | "release":
            meant = call.seen if call.step == "clear" else Entry(call.run, call.held)
            if not line or (guards.entry_is_compared and line[0] != meant):
                return None, None
            return _write_line(state, call.run, line[1:])
        case "stop":
            assert call.seen is not None
            return _stop_execution(state, call.seen)
        case "run":
            return _run_task(scenario, state, call)
        case _:
            raise ValueError(call.step)


def abort(state: State, number: int, *, stops_task: bool) -> State:
    """The execution ends at once. Its own StopTask is best effort, and its task lives on for a while either way."""
    run = state.runs[number]
    step = "run" if run.step == "running" else run.step
    # A run that will not be redriven needs to remember nothing.
    ended = run._replace(life=run.life + 1, step=step, aborted=True) if state.faults.redrives else end_of(run)
    state = with_run(state, number, ended)
    task = state.task
    if stops_task and task is not None and task.run == number and run.step == "running" and task.should_run:
        state = state._replace(task=task._replace(should_run=False, hidden=True))
    return state


def end_of(run: Run) -> Run:
    return Run(life=run.life + 1, step="end", known=run.known)


def _write_with_time(
    scenario: Scenario, state: State, number: int, line: tuple[Entry, ...], *, displaces: bool = False
) -> Effect:
    if number in scenario.scheduled:
        if scenario.guards.time_is_compared and state.time not in (-1, number):
            return None, None
        state = state._replace(time=number)
    return _write_line(state, number, line, displaces=displaces)


def _write_line(state: State, number: int, line: tuple[Entry, ...], *, displaces: bool = False) -> Effect:
    lost = [
        entry
        for entry in state.line
        if entry not in line and entry.run != number and not is_dead(state, entry) and not displaces
    ]
    return state._replace(line=line), "a live run lost its place in the line" if lost else None


def _stop_execution(state: State, head: Entry) -> Effect:
    target = state.runs[head.run]
    if not target.lives:
        return state, None
    newest = state.line[-1:] == (Entry(head.run, target.redrives),) and target.redrives == head.redrives
    return abort(state, head.run, stops_task=True), "the newest run was stopped" if newest else None


def _run_task(scenario: Scenario, state: State, call: Late) -> Effect:
    violation = None
    if state.task is not None:
        violation = "two tasks of one run" if state.task.run == call.run else "tasks of two runs"
    elif call.run in scenario.scheduled:
        if any(other != call.run for other in state.ran):
            violation = "one scheduled time ran twice"
        state = state._replace(ran=tuple({*state.ran, call.run}))
    return state._replace(task=Task(call.run, call.redrives, should_run=True, hidden=True)), violation
