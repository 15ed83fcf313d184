"""What a change of the network meets of functions: their earlier versions keep the subnets that they were made for.

https://repost.aws/knowledge-center/lambda-eni-find-delete
"""

from collections.abc import Iterator

from spec.network import NetworkSpec
from spec.stack import StackSpec
from spec.words import listed


def kept_interfaces(old: StackSpec, new: StackSpec) -> Iterator[str]:
    """A sentence where subnets or a security group of the stack's would go that versions of its functions hold."""
    before, after = _functions(old), _functions(new)
    # Those of a function that goes, go with it.
    stay = [name for name in before if name in after]
    if stay and _goes(old.network, new.network):
        yield (
            f"network: earlier versions of the functions of {listed(stay, 'and')} keep network interfaces in what goes "
            "of it. The deployment waits up to 45 minutes for them: delete these versions meanwhile, as "
            "docs/run-on-lambda.md says, or it fails"
        )


def _functions(stack: StackSpec) -> list[str]:
    return [job.name for job in stack.jobs if job.run_on.kind == "lambda"]


def _goes(old: NetworkSpec, new: NetworkSpec) -> bool:
    held = _held(old)
    fewer = old.vpc_id is None and new.availability_zones < old.availability_zones
    return held is not None and (held != _held(new) or fewer)


def _held(network: NetworkSpec) -> tuple[str, str] | None:
    """What the stack has made that its functions are in; None where they are in nothing of the stack's."""
    if network.gives_public_ips:
        return None
    if network.vpc_id is not None:
        return None if network.security_group_ids else (network.vpc_id, "security group")
    return network.cidr, "private subnets" if network.nat != "none" else "isolated subnets"
