"""Which fields a definition may have, where, of what type and in which bounds.

https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html and the page of each state type.
"""

from dataclasses import dataclass

STATE_TYPES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
LANGUAGES = ("JSONPath", "JSONata")

_COMMON = {"Type", "Comment", "QueryLanguage"}
_PATHS = {"InputPath", "OutputPath"}
_FLOW = {"Output", "Assign", "Next", "End"}
_HANDLING = {"ResultPath", "ResultSelector", "Parameters", "Retry", "Catch"}
ALLOWED = {
    "Pass": _COMMON | _PATHS | _FLOW | {"Result", "ResultPath", "Parameters"},
    "Task": _COMMON | _PATHS | _FLOW | _HANDLING
    | {"Arguments", "Resource", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
       "HeartbeatSecondsPath"},
    "Wait": _COMMON | _PATHS | _FLOW | {"Seconds", "Timestamp", "SecondsPath", "TimestampPath"},
    "Parallel": _COMMON | _PATHS | _FLOW | _HANDLING | {"Arguments", "Branches"},
    "Map": _COMMON | _PATHS | _FLOW | _HANDLING
    | {"ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter",
       "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
       "ToleratedFailureCount", "ToleratedFailureCountPath", "Label"},
    "Choice": _COMMON | _PATHS | {"Output", "Assign", "Choices", "Default"},
    "Succeed": _COMMON | _PATHS | {"Output"},
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
}  # fmt: skip
REQUIRED = {
    "Task": ("Resource",),
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
}
TOP_LEVEL = {"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
NESTED_MACHINE = {"Comment", "StartAt", "States", "ProcessorConfig"}
RETRIER = {
    "BackoffRate",
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "JitterStrategy",
    "MaxAttempts",
    "MaxDelaySeconds",
}
CATCHER = {"Assign", "Comment", "ErrorEquals", "Next", "Output", "ResultPath"}
CHOICE_RULE = {"Assign", "Comment", "Condition", "Next", "Output"}

JSONPATH_ONLY = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "Parameters",
    "ResultSelector",
    "Result",
    "ItemsPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "MaxConcurrencyPath",
    "ToleratedFailurePercentagePath",
    "ToleratedFailureCountPath",
    "ErrorPath",
    "CausePath",
)
JSONATA_ONLY = ("Output", "Arguments", "Items")
# Of these a state has one at most; of the second list it must have one.
EXCLUSIVE = {
    "Pass": (("Next", "End"),),
    "Task": (
        ("Next", "End"),
        ("TimeoutSeconds", "TimeoutSecondsPath"),
        ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ),
    "Wait": (("Next", "End"), ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")),
    "Parallel": (("Next", "End"),),
    "Map": (
        ("Next", "End"),
        ("ItemProcessor", "Iterator"),
        ("MaxConcurrency", "MaxConcurrencyPath"),
        ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
        ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ),
    "Fail": (("Error", "ErrorPath"), ("Cause", "CausePath")),
}
ONE_OF = {
    "Pass": (("Next", "End"),),
    "Task": (("Next", "End"),),
    "Wait": (("Next", "End"), ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")),
    "Parallel": (("Next", "End"),),
    "Map": (("Next", "End"), ("ItemProcessor", "Iterator")),
}

MAX_SECONDS = 99_999_999
MAX_RETRY_SECONDS = 31_622_400


@dataclass(frozen=True)
class Value:
    """A field's JSON type by AWS's name, its bounds, and whether an expression may stand for it in JSONata."""

    type: str
    minimum: float | None = None
    maximum: float | None = None
    expression: bool = False
    choices: tuple[str, ...] = ()


VALUES = {
    "Comment": Value("STRING"),
    "QueryLanguage": Value("STRING", choices=LANGUAGES),
    "Next": Value("STRING"),
    "End": Value("BOOLEAN"),
    "Default": Value("STRING"),
    "Resource": Value("STRING"),
    "Assign": Value("OBJECT"),
    "Choices": Value("ARRAY"),
    "Retry": Value("ARRAY"),
    "Catch": Value("ARRAY"),
    "Branches": Value("ARRAY"),
    "ItemProcessor": Value("OBJECT"),
    "Iterator": Value("OBJECT"),
    "ItemReader": Value("OBJECT"),
    "ItemBatcher": Value("OBJECT"),
    "ResultWriter": Value("OBJECT"),
    "Label": Value("STRING"),
    "Error": Value("STRING", expression=True),
    "Cause": Value("STRING", expression=True),
    "Seconds": Value("INTEGER", 0, MAX_SECONDS, expression=True),
    "Timestamp": Value("STRING", expression=True),
    "TimeoutSeconds": Value("INTEGER", 1, MAX_SECONDS, expression=True),
    "HeartbeatSeconds": Value("INTEGER", 1, MAX_SECONDS, expression=True),
    "MaxConcurrency": Value("INTEGER", 0, expression=True),
    "ToleratedFailureCount": Value("INTEGER", 0, expression=True),
    "ToleratedFailurePercentage": Value("FLOAT", 0.0, 100.0, expression=True),
}
TOP_LEVEL_VALUES = {
    "Comment": Value("STRING"),
    "QueryLanguage": Value("STRING", choices=LANGUAGES),
    "StartAt": Value("STRING"),
    "States": Value("OBJECT"),
    "TimeoutSeconds": Value("INTEGER", 1, MAX_SECONDS),
    "Version": Value("STRING", choices=("1.0",)),
}
RETRIER_VALUES = {
    "ErrorEquals": Value("ARRAY"),
    "IntervalSeconds": Value("INTEGER", 1, MAX_RETRY_SECONDS),
    "MaxAttempts": Value("INTEGER", 0, MAX_SECONDS),
    "BackoffRate": Value("FLOAT", 1.0),
    "MaxDelaySeconds": Value("INTEGER", 1, MAX_RETRY_SECONDS),
    "JitterStrategy": Value("STRING", choices=("NONE", "FULL")),
}
CATCHER_VALUES = {
    "ErrorEquals": Value("ARRAY"),
    "Next": Value("STRING"),
    "Assign": Value("OBJECT"),
}
RULE_VALUES = {
    "Condition": Value("BOOLEAN", expression=True),
    "Next": Value("STRING"),
    "Assign": Value("OBJECT"),
}
