"""The protocol: what a run does next, one call of AWS at a time."""

from collections.abc import Iterator

from tests.definitions.lock_model.calls import end_of, function_ended, is_dead, take_effect, with_run
from tests.definitions.lock_model.model import Entry, Late, Move, Run, Scenario, State, Step

_TRANSACTIONS = {"take", "join", "displace"}
_WRITES = _TRANSACTIONS | {"stop", "clear", "release"}


def steps(scenario: Scenario, state: State, number: int) -> Iterator[Move]:
    """The next step of a live run, with each answer that it may get."""
    run = state.runs[number]
    match run.step:
        case "look":
            yield _move(state, number, _look(scenario, state, number, run))
        case "ask":
            yield from _ask(scenario, state, number, run)
        case "list running" | "list stopped":
            yield from _list(scenario, state, number, run)
        case "confirm":
            step: Step = "stop task" if state.line[:1] == (run.seen,) else "look"
            yield _move(state, number, run._replace(step=step), "the same" if step == "stop task" else "another")
        case "stop task":
            yield _stop_task(scenario, state, number, run)
        case "run" if not makes_a_call(scenario, run):
            yield _move(state, number, _forgetting(run, "look"), "redriven")
        case "running" | "new" | "end":
            pass
        case _:
            yield from _write(scenario, state, number, run)


def makes_a_call(scenario: Scenario, run: Run) -> bool:
    """Whether the run's next step is a call that changes something."""
    if run.step == "run":
        return run.held == run.redrives or not scenario.guards.run_is_guarded
    return run.step in _WRITES


def _move(state: State, number: int, run: Run, answer: str = "", violation: str | None = None) -> Move:
    return Move(number, state.runs[number].step, answer, True, with_run(state, number, run), violation)


def _forgetting(run: Run, step: Step) -> Run:
    """The run at a step that needs nothing of what it saw."""
    held = run.held if step == "run" else -1
    return run._replace(step=step, seen=None, mine=-1, note="", held=held, target=-1)


def _write(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    """A call that changes something: done, refused, cancelled, or done with its answer lost."""
    step = run.step
    after, violation = take_effect(scenario, state, Late(step, number, run.redrives, run.seen, run.held))
    if after is None:
        following = _following(run, done=False)
        yield _move(state, number, following, "refused")
        return
    mine = after.runs[number]
    if step == "release" and Entry(number, run.redrives) in after.line:
        violation = violation or "a run left an entry behind"
    if step == "take" and run.joined == run.redrives:
        violation = violation or "a run came after the newer one that had its turn"
    if mine.lives:
        yield _move(after, number, _following(mine, done=True), "done", violation)._replace(action=step)
    else:
        # It stopped itself.
        yield Move(number, step, "done", True, after, violation or "a run stopped itself")
    if step in _TRANSACTIONS and state.faults.conflicts:
        faults = state.faults._replace(conflicts=state.faults.conflicts - 1)
        cancelled = _move(state._replace(faults=faults), number, _following(run, done=False), "conflict")
        yield cancelled._replace(fair=False)
    if step != "run" and state.faults.lost and after != state:
        faults = state.faults._replace(lost=state.faults.lost - 1)
        yield Move(number, step, "done, answer lost", False, after._replace(faults=faults), violation)


def _following(run: Run, *, done: bool) -> Run:
    """The run after a write."""
    match run.step:
        case "release":
            return end_of(run)
        case "run":
            return run._replace(step="running")
        case "take" if done:
            return _forgetting(run, "run")._replace(held=run.redrives)
        case "displace" if done:
            return run._replace(step="stop", joined=run.redrives)
        case _:
            return _forgetting(run, "look")


def _look(scenario: Scenario, state: State, number: int, run: Run) -> Run:
    line, mine = state.line, Entry(number, run.redrives)
    note = ""
    if number in scenario.scheduled and state.time not in (-1, number):
        note = "started"
    elif scenario.policies[number] == "queue" and len(line) >= scenario.limit and mine not in line:
        note = "full"
    return run._replace(
        step="ask", seen=line[0] if line else None, mine=run.redrives if mine in line else -1, note=note
    )


def _ask(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    """Every answer that there may be, the truth first."""
    if run.seen is None:
        yield _decide(scenario, state, number, run, dead=False, answer="no head")
        return
    asked, guards = state.runs[run.seen.run], scenario.guards
    if asked.forgotten:
        if not guards.old_is_dead:
            yield _decide(scenario, state, number, run, dead=False, answer="not found, old")
            return
        note = run.note or ("" if guards.forgotten_settles else "long ago")
        yield _decide(scenario, state, number, run._replace(note=note), dead=True, answer="not found, old")
        return
    for told in range(asked.life, asked.known - 1, -1):
        if told == 0:
            dead = not guards.young_lives
        elif not guards.redrives_are_compared:
            dead = told % 2 == 0
        elif guards.later_is_dead:
            dead = told >= 2 * run.seen.redrives + 2
        else:
            dead = told == 2 * run.seen.redrives + 2
        answer = "not found" if told == 0 else f"{('ended', 'running')[told % 2]}, redrive {(told - 1) // 2}"
        yield _decide(scenario, state, number, run, dead=dead, answer=answer)


def _decide(scenario: Scenario, state: State, number: int, run: Run, *, dead: bool, answer: str) -> Move:
    guards, seen = scenario.guards, run.seen
    own = seen == (number, run.redrives if guards.present_count else run.mine)
    waits = run.mine == run.redrives if guards.present_count else run.mine >= 0

    def move(following: Run, violation: str | None = None) -> Move:
        return _move(state, number, following, answer, violation)

    if run.note == "started":
        wrong = None if number in scenario.scheduled else "a manual start was taken for a duplicate"
        return move(end_of(run), wrong)
    if own:
        return move(_forgetting(run, "run")._replace(held=run.redrives))
    policy = scenario.policies[number]
    displaced = policy == "replace" and not waits and run.joined == run.redrives
    if displaced and (seen is not None or guards.makes_way):
        return move(end_of(run))
    if seen is None:
        return move(_forgetting(run, "take"))
    is_former = guards.former_is_dead and seen.run == number
    if policy == "replace" and not waits and not is_former:
        return move(run._replace(step="displace", mine=-1, note=""))
    if (dead or is_former) and scenario.functions:
        after = function_ended(scenario, state, seen)
        return _move(after, number, run._replace(step="clear", mine=-1, note=""), answer)
    if dead or is_former:
        return move(run._replace(step="list running" if guards.running_before_stopped else "list stopped", mine=-1))
    match policy:
        case "queue":
            if waits:
                return move(_forgetting(run, "look"))
            if run.note == "full":
                return move(end_of(run))
            return move(_forgetting(run, "join"))
        case "replace":
            run = run._replace(joined=run.redrives)
            return move(run._replace(step="stop", mine=-1, note="") if guards.stops_again else _forgetting(run, "look"))
        case "skip":
            return move(end_of(run), _wrongly_skipped(state, number, seen))


def _wrongly_skipped(state: State, number: int, seen: Entry) -> str | None:
    settled = is_dead(state, seen) and state.runs[seen.run].known >= 2 * seen.redrives + 2
    return "a run was skipped for nothing" if seen.run == number or settled else None


def _list(scenario: Scenario, state: State, number: int, run: Run) -> Iterator[Move]:
    """Both lists, one after the other. What a list shows that is no longer so only makes the run wait."""
    assert run.seen is not None
    guards, owner = scenario.guards, run.seen.run
    order = ("list running", "list stopped") if guards.running_before_stopped else ("list stopped", "list running")
    is_first = run.step == order[0]
    if is_first:
        if guards.settles and guards.settles_first and _waited(run):
            state = _settled(state, run.seen)
    elif guards.stopped_settles:
        state = _stops_settled(state, run.seen)
    task = state.task
    listed = task is not None and task.run == owner and task.should_run == (run.step == "list running")
    if listed:
        assert task is not None
        if task.should_run:
            following = run._replace(step="confirm" if guards.confirms else "stop task", target=task.redrives)
            yield _move(state, number, following, "one runs on")
        else:
            yield _move(state, number, run, "one is stopping")
        if not task.hidden:
            return
    if is_first:
        yield _move(state, number, run._replace(step=order[1]), "none")
        return
    if guards.settles and not guards.settles_first and _waited(run):
        state = _settled(state, run.seen)
    if run.note == "own":
        yield _move(state, number, _forgetting(run, "run"), "none")
    else:
        yield _move(state, number, run._replace(step="clear", mine=-1, note=""), "none")


def _waited(run: Run) -> bool:
    """Whether the minute that the run has waited is one since the end of the life that it searches for tasks of."""
    is_former = run.note == "own" and run.seen is not None and run.seen.redrives != run.redrives
    return run.note != "long ago" and not is_former


def _settled(state: State, entry: Entry) -> State:
    """A minute after the end of the entry's life: no answer is older than that, and no call of it is under way."""
    run = state.runs[entry.run]
    if is_dead(state, entry) and run.known < 2 * entry.redrives + 2:
        state = with_run(state, entry.run, run._replace(known=2 * entry.redrives + 2))
    late, task = state.late, state.task
    if late is not None and late.run == entry.run and late.redrives <= entry.redrives:
        state = state._replace(late=None)
    if task is not None and task.run == entry.run and task.redrives <= entry.redrives and task.should_run:
        state = state._replace(task=task._replace(hidden=False))
    return state


def _stops_settled(state: State, entry: Entry) -> State:
    """A minute after a list that did not show the task as one that should run: that it should stop is known."""
    task = state.task
    if task is not None and task.run == entry.run and task.redrives <= entry.redrives and not task.should_run:
        state = state._replace(task=task._replace(hidden=False))
    return state


def _stop_task(scenario: Scenario, state: State, number: int, run: Run) -> Move:
    assert run.seen is not None
    task, owner, violation = state.task, state.runs[run.seen.run], None
    if task is not None and (task.run, task.redrives) == (run.seen.run, run.target) and task.should_run:
        if owner.step == "running" and owner.lives and owner.redrives == task.redrives:
            violation = "the task of the lock's holder was stopped"
        state = state._replace(task=task._replace(should_run=False, hidden=True))
    first: Step = "list running" if scenario.guards.running_before_stopped else "list stopped"
    return _move(state, number, run._replace(step=first, target=-1), "", violation)
