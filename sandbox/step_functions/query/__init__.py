"""JSONata as Step Functions evaluates it: no context item, AWS's own functions, AWS's error texts."""

from sandbox.step_functions.query.evaluator import Evaluator, is_expression

__all__ = ["Evaluator", "is_expression"]
