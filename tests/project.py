"""A project of this repository's program with a stack that a test writes."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def new_project(root: Path, name: str, config: Mapping[str, Any], *, stack: str = "dev") -> None:
    """Write it into an empty folder, with what the images of functions are built with.

    Args:
        root: the folder.
        name: the project's.
        config: what stands under `config:` in the stack's file.
        stack: the stack's name.
    """
    shutil.copy(ROOT / "__main__.py", root)
    shutil.copytree(ROOT / "components" / "lambda_image", root / "components" / "lambda_image")
    (root / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    # JSON is YAML too.
    (root / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": config}))
