"""A state machine as a Mermaid diagram, drawn from its definition so that it cannot tell another story.

https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHAPES = {"Task": ("[", "]"), "Choice": ("{", "}"), "Wait": ("(", ")"), "Succeed": ("([", "])"), "Fail": ("([", "])")}
_COLOURS = {"Succeed": "fill:#dff0d8,stroke:#3c763d,color:#000", "Fail": "fill:#f2dede,stroke:#a94442,color:#000"}


def diagram(definition: dict[str, Any], groups: Mapping[str, Sequence[str]]) -> str:
    """The flowchart of a definition: a node a state, an arrow a transition with the comment of its rule or catcher.

    Args:
        definition: a state machine.
        groups: the title of a frame to the names of the states in it; a frame of fewer than two states is left out.

    Returns:
        Mermaid source, without a code fence, ending in a newline.
    """
    states = definition["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    lines = ["flowchart TD", f"    start(( )) --> {ids[definition['StartAt']]}"]
    framed = {title: [name for name in names if name in states] for title, names in groups.items()}
    framed = {title: names for title, names in framed.items() if len(names) > 1}
    for number, (title, names) in enumerate(framed.items()):
        lines.append(f'    subgraph g{number}["{title}"]')
        lines.extend(f"        {_node(ids[name], name, states[name])}" for name in names)
        lines.append("    end")
    alone = [name for name in states if not any(name in names for names in framed.values())]
    lines.extend(f"    {_node(ids[name], name, states[name])}" for name in alone)
    for name, state in states.items():
        for label, following in dict.fromkeys(_transitions(state)):
            arrow = f'-- "{label}" -->' if label else "-->"
            lines.append(f"    {ids[name]} {arrow} {ids[following]}")
    for kind, style in _COLOURS.items():
        members = [ids[name] for name, state in states.items() if state["Type"] == kind]
        lines.append(f"    classDef {kind.lower()} {style}")
        lines.append(f"    class {','.join(members)} {kind.lower()}")
    return "\n".join(lines) + "\n"


def _node(node_id: str, name: str, state: dict[str, Any]) -> str:
    opening, closing = _SHAPES[state["Type"]]
    return f'{node_id}{opening}"{name}"{closing}'


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and next state of every way out of a state; no label where it would repeat the next state's name."""
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        if "Comment" in way:
            yield "" if way["Comment"] == way["Next"].lower() else way["Comment"], way["Next"]
    if "Default" in state:
        yield "otherwise", state["Default"]
    if "Next" in state:
        yield "", state["Next"]
