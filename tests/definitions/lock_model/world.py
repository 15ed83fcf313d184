"""What may happen between two steps of the runs."""

from collections.abc import Iterator

from tests.definitions.lock_model.calls import abort, end_of, function_ended, is_dead, take_effect, with_run
from tests.definitions.lock_model.model import Entry, Late, Move, Run, Scenario, State
from tests.definitions.lock_model.steps import makes_a_call, steps


def moves(scenario: Scenario, state: State) -> Iterator[Move]:
    """Everything that may happen next."""
    for number, run in enumerate(state.runs):
        if run.lives:
            yield from steps(scenario, state, number)
            yield from _aborts(scenario, state, number, run)
            if run.step == "running":
                yield from _timeouts(scenario, state, number, run)
        elif run.life == 0:
            if _is_next(scenario, state, number):
                started = run._replace(life=1, step="take")
                yield Move(number, "start", "", False, with_run(state, number, started))
        else:
            yield from _ended(scenario, state, number, run)
    yield from _task(scenario, state)
    if state.late is not None:
        after, violation = take_effect(scenario, state, state.late)
        yield Move(
            state.late.run, f"late {state.late.step}", "", False, (after or state)._replace(late=None), violation
        )


def _is_next(scenario: Scenario, state: State, number: int) -> bool:
    """Runs that are alike start in the order of their numbers: which of them is which makes no difference."""

    def kind(one: int) -> tuple[str, bool]:
        return scenario.policies[one], one in scenario.scheduled

    return all(state.runs[one].life for one in range(number) if kind(one) == kind(number))


def _fault(state: State, kind: str) -> State | None:
    """The state with one fault of the kind fewer to come; None if there are none left."""
    left = getattr(state.faults, kind)
    return state._replace(faults=state.faults._replace(**{kind: left - 1})) if left else None


def _aborts(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    if (spent := _fault(state, "aborts")) is None:
        return
    has_task = run.step == "running" and state.task is not None and state.task.run == number
    yield Move(number, "abort", "task told to stop" if has_task else "", False, abort(spent, number, stops_task=True))
    if has_task:
        yield Move(number, "abort", "task not told", False, abort(spent, number, stops_task=False))
    if makes_a_call(scenario, run) and state.late is None and (late := _fault(spent, "late")) is not None:
        late = late._replace(late=Late(run.step, number, run.redrives, run.seen, run.held))
        yield Move(number, "abort", "call under way", False, abort(late, number, stops_task=True))


def _timeouts(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    """The attempt is given up while its task lives: a timeout, or a failure that nobody can read."""
    task = state.task
    if (spent := _fault(state, "timeouts")) is None or task is None or task.run != number:
        return
    for told in (True, False):
        if told and not task.should_run:
            continue
        after = spent._replace(task=task._replace(should_run=False, hidden=True)) if told else spent
        answer = "task told to stop" if told else "task not told"
        final = end_of(run) if scenario.guards.leaves_to_next else run._replace(step="release")
        yield Move(number, "timeout, final", answer, False, with_run(after, number, final))
        if (again := _fault(after, "retries")) is None:
            continue
        retrying = run._replace(step="run")
        if scenario.functions:
            again = function_ended(scenario, again, Entry(number, run.redrives))
        elif scenario.guards.checks_before_retry:
            retrying = run._replace(step="list running", seen=Entry(number, run.redrives), note="own")
        yield Move(number, "timeout, retried", answer, False, with_run(again, number, retrying))


def _ended(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    if run.aborted and (spent := _fault(state, "redrives")) is not None:
        resumed = _resumed(scenario, run)
        yield Move(number, "redrive", "", False, with_run(spent, number, resumed))
    if not run.forgotten and (spent := _fault(state, "forgets")) is not None:
        forgotten = end_of(run)._replace(life=run.life, forgotten=True)
        yield Move(number, "forget", "", False, with_run(spent, number, forgotten))


def _is_claimed(scenario: Scenario, state: State) -> bool:
    """Whether a live run waits for the lock that is there to replace the one that has it."""
    following = state.line[1:2]
    return any(scenario.policies[one.run] == "replace" and not is_dead(state, one) for one in following)


def _resumed(scenario: Scenario, run: Run) -> Run:
    """A redriven run. Every redrive count that it remembers is a former one, and which one makes no difference."""
    resumed = run._replace(life=run.life + 1, aborted=False, joined=-1)
    if run.step != "release" and scenario.guards.run_is_guarded:
        resumed = resumed._replace(held=-1)
    return resumed._replace(mine=-1) if scenario.guards.present_count else resumed


def _task(scenario: Scenario, state: State) -> Iterator[Move]:
    task = state.task
    if task is None:
        return
    owner = state.runs[task.run]
    watched = owner.step == "running" and owner.lives and owner.redrives == task.redrives
    if task.should_run:
        # A job that never ends by itself must not keep a run waiting that is there to replace it.
        fair = not (watched and _is_claimed(scenario, state))
        ends = state._replace(task=task._replace(should_run=False, hidden=True))
        yield Move(task.run, "task ends", "", fair, ends)
        return
    stopped = state._replace(task=None)
    if not watched:
        yield Move(task.run, "task stops", "", True, stopped)
        return
    yield Move(task.run, "task stops", "final", True, with_run(stopped, task.run, owner._replace(step="release")))
    if (again := _fault(stopped, "retries")) is not None:
        retried = with_run(again, task.run, owner._replace(step="run"))
        yield Move(task.run, "task stops", "retried", False, retried)
