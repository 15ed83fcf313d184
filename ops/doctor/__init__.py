"""What is wrong with a deployed stack, or will be."""

from ops.doctor.examination import examine
from ops.doctor.expected import ExpectedJob, ExpectedTrigger
from ops.doctor.finding import NOT_CHECKED, Finding
from ops.doctor.successes import INTERVALS

__all__ = ["INTERVALS", "NOT_CHECKED", "ExpectedJob", "ExpectedTrigger", "Finding", "examine"]
