"""Traces of the model that are worth replaying."""

import random
from collections.abc import Iterator
from itertools import islice

from tests.definitions.lock_model.model import Entry, Move, Scenario, State
from tests.definitions.lock_model.space import Space
from tests.definitions.lock_model.steps import steps
from tests.definitions.lock_model.world import moves

Kind = tuple[object, ...]


def kind(scenario: Scenario, before: State, move: Move) -> Kind:
    """What is alike for the run that moves: the call, its answer, what the run knew, and where it goes."""
    number, run = move.run, before.runs[move.run]

    def whose(entry: Entry | None) -> str:
        if entry is None or entry.run != number:
            return "nobody's" if entry is None else "another's"
        return "own" if entry.redrives == run.redrives else "former"

    return (
        scenario.policies[number],
        number in scenario.scheduled and before.time not in (-1, number),
        run.step,
        move.action,
        move.answer,
        (whose(run.seen), run.note, run.mine == run.redrives, run.joined == run.redrives, run.redrives > 0),
        whose(before.line[0] if before.line else None),
        Entry(number, run.redrives) in before.line,
        move.state.runs[number].step,
    )


def covering(scenario: Scenario, known: set[Kind]) -> Iterator[tuple[Move, ...]]:
    """The shortest traces that show each kind of move that is not in `known`, which they are added to."""
    space = Space(scenario)
    first: dict[Kind, tuple[int, Move]] = {}
    for number, state, following in space.explore():
        for _, move in following:
            first.setdefault(kind(scenario, state, move), (number, move))
    # The longest first: they show what the others would.
    for wanted, (number, move) in reversed(first.items()):
        if wanted in known:
            continue
        way = _gone_on(scenario, space.way_to(number, move))
        state = scenario.start()
        for step in way:
            known.add(kind(scenario, state, step))
            state = step.state
        yield way


def _gone_on(scenario: Scenario, way: tuple[Move, ...]) -> tuple[Move, ...]:
    """The trace with two more steps of the run that moved last: what it has kept shows in what it does next."""
    for _ in range(2):
        number = way[-1].run
        if way[-1].state.runs[number].lives:
            way += tuple(islice(steps(scenario, way[-1].state, number), 1))
    return way


def wander(scenario: Scenario, seed: int) -> tuple[Move, ...]:
    """A trace that goes on at random until nothing can happen any more, or for 120 moves."""
    choose = random.Random(seed)
    state, way = scenario.start(), []
    while len(way) < 120 and (possible := list(moves(scenario, state))):
        way.append(choose.choice(possible))
        state = way[-1].state
    return tuple(way)
