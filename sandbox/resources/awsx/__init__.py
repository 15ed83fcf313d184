"""The components of the awsx package: each makes resources by `register` and gives back the outputs awsx gives."""

from collections.abc import Callable
from typing import Any

from sandbox.resources.awsx.component import Component, From
from sandbox.resources.awsx.ecr import image, repository
from sandbox.resources.awsx.vpc import vpc

COMPONENTS: dict[str, Callable[[Component, dict[str, Any]], dict[str, From]]] = {
    "awsx:ec2:Vpc": vpc,
    "awsx:ecr:Repository": repository,
    "awsx:ecr:Image": image,
}
