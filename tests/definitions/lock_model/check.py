"""The search for what must not happen, through every state of a scenario."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.definitions.lock_model.calls import with_run
from tests.definitions.lock_model.model import NOTHING_GOES_WRONG, Move, Run, Scenario, State
from tests.definitions.lock_model.space import Space
from tests.definitions.lock_model.steps import steps

OUTLIVED = "a lock outlived its holder by more than one start"
ENDLESS = "a run never ends"


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes:
        states: how many there are.
        moves: how many transitions between them.
        violation: what must not happen and can, in the fewest moves; None if all is well.
        trace: how it comes to that.
    """

    states: int
    moves: int
    violation: str | None = None
    trace: tuple[Move, ...] = ()


def described(trace: Sequence[Move]) -> str:
    """A trace for people: a line a move, the run first."""
    return "\n".join(f"{'ABCDEF'[move.run]}: {move.action}{move.answer and f' ({move.answer})'}" for move in trace)


def search(scenario: Scenario, *, only: str | None = None) -> Search:
    """Look at every state that can be reached.

    Args:
        scenario: what is searched.
        only: the one violation to look for; without it, any.
    """
    space = Space(scenario)
    fair_from, fair_to, over = array("l"), array("l"), array("l")
    count = 0

    def found(violation: str, number: int, *last: Move) -> Search:
        return Search(len(space.numbers), count, violation, space.way_to(number, *last))

    for number, state, following in space.explore():
        if not any(run.lives for run in state.runs):
            over.append(number)
            if only in (None, OUTLIVED) and not next_start_runs(scenario, state):
                return found(OUTLIVED, number)
        count += len(following)
        for target, move in following:
            if move.violation is not None and only in (None, move.violation):
                return found(move.violation, number, move)
            if move.fair:
                fair_from.append(number)
                fair_to.append(target)
    stuck = _stuck(len(space.numbers), fair_from, fair_to, over)
    if stuck is not None and only in (None, ENDLESS):
        return found(ENDLESS, stuck)
    return Search(len(space.numbers), count)


def next_start_runs(scenario: Scenario, state: State) -> bool:
    """Whether the next run to start, alone and told the truth, runs its task, if everything before it is over.

    A run that may not, because another one has its scheduled time, does not count.
    """
    waiting = [number for number, run in enumerate(state.runs) if run.life == 0]
    if state.task is not None or not waiting:
        return True
    number = waiting[0]
    runs = tuple(run._replace(known=run.life) for run in state.runs)
    state = state._replace(runs=runs, late=None, faults=NOTHING_GOES_WRONG)
    state = with_run(state, number, Run(life=1, step="take", known=1))
    while (run := state.runs[number]).lives and run.step != "running":
        state = next(steps(scenario, state, number)).state
    return run.lives or (number in scenario.scheduled and state.time not in (-1, number))


def _stuck(count: int, fair_from: Sequence[int], fair_to: Sequence[int], over: Sequence[int]) -> int | None:
    """The first state from which no fair continuation leads to the end of all live runs."""
    arrivals = [0] * (count + 1)
    for number in fair_to:
        arrivals[number + 1] += 1
    starts = list(accumulate(arrivals))
    free = starts[:]
    before = array("l", bytes(8 * len(fair_from)))
    for source, target in zip(fair_from, fair_to, strict=True):
        before[free[target]] = source
        free[target] += 1
    fine = bytearray(count)
    stack = list(over)
    for number in stack:
        fine[number] = 1
    while stack:
        number = stack.pop()
        for source in before[starts[number] : starts[number + 1]]:
            if not fine[source]:
                fine[source] = 1
                stack.append(source)
    return next((number for number, is_fine in enumerate(fine) if not is_fine), None)
