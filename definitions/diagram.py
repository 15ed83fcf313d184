"""A state machine as a Mermaid diagram, drawn from its definition so that it cannot tell another story.

https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHAPES = {"Task": ("[", "]"), "Choice": ("{", "}"), "Wait": ("(", ")"), "Succeed": ("([", "])"), "Fail": ("([", "])")}
_COLOURS = {"Succeed": "fill:#dff0d8,stroke:#3c763d,color:#000", "Fail": "fill:#f2dede,stroke:#a94442,color:#000"}

States = Mapping[str, dict[str, Any]]


def diagram(definition: dict[str, Any], groups: Mapping[str, Sequence[str]]) -> str:
    """The flowchart of a definition: a node a state, an arrow a transition with the comment of its rule or catcher.

    A Parallel or a Map is a frame around the states that it runs.

    Args:
        definition: a state machine.
        groups: the title of a frame to the names of the states in it; a frame of fewer than two states is left out.

    Returns:
        Mermaid source, without a code fence, ending in a newline.
    """
    states = definition["States"]
    every = dict(_every_state(states))
    # Step Functions lets no two states of a machine have the same name, wherever they are.
    ids = {name: f"s{number}" for number, name in enumerate(every)}
    lines = ["flowchart TD", f"    start(( )) --> {ids[definition['StartAt']]}"]
    framed = {title: [name for name in names if name in states] for title, names in groups.items()}
    framed = {title: names for title, names in framed.items() if len(names) > 1}
    for number, (title, names) in enumerate(framed.items()):
        lines += _frame(f"g{number}", title, [line for name in names for line in _node(name, states, ids)])
    alone = [name for name in states if not any(name in names for names in framed.values())]
    lines += [f"    {line}" for name in alone for line in _node(name, states, ids)]
    for name, state in every.items():
        for label, following in dict.fromkeys(_transitions(state)):
            arrow = f'-- "{label}" -->' if label else "-->"
            lines.append(f"    {ids[name]} {arrow} {ids[following]}")
    for kind, style in _COLOURS.items():
        if members := [ids[name] for name, state in every.items() if state["Type"] == kind]:
            lines.append(f"    classDef {kind.lower()} {style}")
            lines.append(f"    class {','.join(members)} {kind.lower()}")
    return "\n".join(lines) + "\n"


def inner_machines(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a Parallel or a Map runs; nothing of any other state."""
    return [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())]


def _every_state(states: States) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        yield name, state
        for machine in inner_machines(state):
            yield from _every_state(machine["States"])


def _node(name: str, states: States, ids: Mapping[str, str]) -> list[str]:
    """The lines of a state, and of those within it."""
    state = states[name]
    if machines := inner_machines(state):
        inner = [line for one in machines for inside in one["States"] for line in _node(inside, one["States"], ids)]
        return [line.removeprefix("    ") for line in _frame(ids[name], name, inner)]
    opening, closing = _SHAPES[state["Type"]]
    return [f'{ids[name]}{opening}"{name}"{closing}']


def _frame(frame_id: str, title: str, lines: Sequence[str]) -> list[str]:
    return [f'    subgraph {frame_id}["{title}"]', *(f"        {line}" for line in lines), "    end"]


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and next state of every way out of a state; no label where it would repeat the next state's name."""
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        if "Comment" in way:
            yield "" if way["Comment"] == way["Next"].lower() else way["Comment"], way["Next"]
    if "Default" in state:
        yield "otherwise", state["Default"]
    if "Next" in state:
        yield "", state["Next"]
