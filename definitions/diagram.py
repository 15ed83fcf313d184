"""A state machine as a Mermaid diagram, drawn from its definition so that it cannot tell another story.

https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Iterator
from typing import Any

_SHAPES = {"Task": ("[", "]"), "Choice": ("{", "}"), "Wait": ("(", ")"), "Succeed": ("([", "])"), "Fail": ("([", "])")}
_COLOURS = {"Succeed": "fill:#dff0d8,stroke:#3c763d,color:#000", "Fail": "fill:#f2dede,stroke:#a94442,color:#000"}


def diagram(definition: dict[str, Any]) -> str:
    """The flowchart of a definition: a node a state, an arrow a transition with the comment of its rule or catcher.

    Returns:
        Mermaid source, without a code fence, ending in a newline.
    """
    states = definition["States"]
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    lines = ["flowchart TD", f"    start(( )) --> {ids[definition['StartAt']]}"]
    for name, state in states.items():
        opening, closing = _SHAPES[state["Type"]]
        lines.append(f'    {ids[name]}{opening}"{name}"{closing}')
    for name, state in states.items():
        for label, following in _transitions(state):
            arrow = f'-- "{label}" -->' if label else "-->"
            lines.append(f"    {ids[name]} {arrow} {ids[following]}")
    for kind, style in _COLOURS.items():
        members = [ids[name] for name, state in states.items() if state["Type"] == kind]
        lines.append(f"    classDef {kind.lower()} {style}")
        lines.append(f"    class {','.join(members)} {kind.lower()}")
    return "\n".join(lines) + "\n"


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Label and next state of every way out of a state; no label where it would repeat the next state's name."""
    for way in (*state.get("Choices", ()), *state.get("Catch", ())):
        if "Comment" in way:
            yield "" if way["Comment"] == way["Next"].lower() else way["Comment"], way["Next"]
    if "Default" in state:
        yield "otherwise", state["Default"]
    if "Next" in state:
        yield "", state["Next"]
