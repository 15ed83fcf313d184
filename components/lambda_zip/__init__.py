"""Jobs that are plain Python as the archives that Lambda runs."""

import pulumi

from components.lambda_zip.archive import pack
from components.lambda_zip.errors import PackError
from definitions.place import Place
from spec.stack import StackSpec

__all__ = ["PackError", "pack", "pack_all"]


def pack_all(stack: StackSpec, place: Place) -> None:
    """Pack what the stack's functions are made from, so that nothing is created where one cannot be.

    Raises RunError with a line for each of these.
    """
    mistakes = []
    for container in stack.containers:
        if container.run_on.is_zip:
            try:
                pack(container, place)
            except PackError as error:
                mistakes.append(str(error))
            except OSError as error:
                mistakes.append(f"{container.name}: expected to read its files and to keep its archive, found {error}")
    if mistakes:
        # Of a RunError Pulumi shows the text alone.
        raise pulumi.RunError("\n".join(dict.fromkeys(mistakes)))
