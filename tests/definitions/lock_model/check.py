"""The search through every state of a scenario, breadth first, so that a trace is one of the shortest."""

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.definitions.lock_model.calls import with_run
from tests.definitions.lock_model.model import Faults, Move, Run, Scenario, State
from tests.definitions.lock_model.steps import steps
from tests.definitions.lock_model.world import moves

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
    start = scenario.start()
    numbers = {start: 0}
    # One number a state and two a transition: a million states fit into memory.
    parents, fair_from, fair_to, over = array("l", [-1]), array("l"), array("l"), array("l")
    queue = deque([start])
    count = 0

    def found(violation: str, number: int, *last: Move) -> Search:
        return Search(len(numbers), count, violation, (*_trace(scenario, list(numbers), parents, number), *last))

    while queue:
        state = queue.popleft()
        number = numbers[state]
        if not any(run.lives for run in state.runs):
            over.append(number)
            if only in (None, OUTLIVED) and not next_start_runs(scenario, state):
                return found(OUTLIVED, number)
        for move in moves(scenario, state):
            count += 1
            if move.violation is not None and only in (None, move.violation):
                return found(move.violation, number, move)
            known = numbers.setdefault(move.state, len(numbers))
            if known == len(parents):
                parents.append(number)
                queue.append(move.state)
            if move.fair:
                fair_from.append(number)
                fair_to.append(known)
    stuck = _stuck(len(numbers), fair_from, fair_to, over)
    if stuck is not None and only in (None, ENDLESS):
        return found(ENDLESS, stuck)
    return Search(len(numbers), count)


def next_start_runs(scenario: Scenario, state: State) -> bool:
    """Whether the next run to start, alone and told the truth, runs its task, if everything before it is over.

    A run that may not, because another one has its scheduled time, does not count.
    """
    waiting = [number for number, run in enumerate(state.runs) if run.life == 0]
    if state.task is not None or not waiting:
        return True
    number = waiting[0]
    runs = tuple(run._replace(known=run.life) for run in state.runs)
    state = state._replace(runs=runs, late=None, faults=Faults())
    state = with_run(state, number, Run(life=1, step="take", known=1))
    while (run := state.runs[number]).lives and run.step != "running":
        state = next(steps(scenario, state, number)).state
    return run.lives or (number in scenario.scheduled and state.time not in (-1, number))


def _trace(scenario: Scenario, states: list[State], parents: Sequence[int], number: int) -> list[Move]:
    trace = []
    while (parent := parents[number]) >= 0:
        trace.append(next(move for move in moves(scenario, states[parent]) if move.state == states[number]))
        number = parent
    return trace[::-1]


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
