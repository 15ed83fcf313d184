"""The states of a scenario, breadth first, so that the way to each is one of the shortest."""

from array import array
from collections import deque
from collections.abc import Iterator

from tests.definitions.lock_model.model import Move, Scenario, State
from tests.definitions.lock_model.world import moves


class Space:
    """Numbers the states of a scenario as they are found: 0 is the start.

    Attributes:
        numbers: the number of each state found so far.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        start = scenario.start()
        self.numbers = {start: 0}
        # All that is kept beside the states, so that millions of them fit into memory.
        self._parents = array("l", [-1])
        self._found = deque([start])

    def explore(self) -> Iterator[tuple[int, State, list[tuple[int, Move]]]]:
        """Each state's number, the state, and its moves with the numbers of the states that they lead to."""
        numbers, parents, found = self.numbers, self._parents, self._found
        while found:
            state = found.popleft()
            number = numbers[state]
            following = []
            for move in moves(self.scenario, state):
                known = numbers.setdefault(move.state, len(numbers))
                if known == len(parents):
                    parents.append(number)
                    found.append(move.state)
                following.append((known, move))
            yield number, state, following

    def way_to(self, number: int, *last: Move) -> tuple[Move, ...]:
        """The moves from the start to a state, and `last` after them."""
        states = list(self.numbers)
        way = []
        while (parent := self._parents[number]) >= 0:
            way.append(next(move for move in moves(self.scenario, states[parent]) if move.state == states[number]))
            number = parent
        return (*reversed(way), *last)
