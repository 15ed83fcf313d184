"""The names of the states: what an operator reads in an execution's history."""

NOTE_TIME = "Note the scheduled time"
TAKE = "Take the lock"
LOOK = "Look at the lock"
ASK = "Ask after the run in the way"
TURN = "Whose turn is it?"
JOIN = "Join the queue"
DISPLACE = "Claim the next turn"
STOP_OTHER = "Stop the run in the way"
WAIT_FOR_TURN = "Wait for its turn"
WAIT_A_MOMENT = "Wait a moment"
SETTLE = "Let the lists settle"
LIST_TASKS = "Look for tasks left over"
DESCRIBE_TASKS = "Look at these tasks"
LEFT_OVER = "Is a task left over?"
CONFIRM = "Is it still the dead run's lock?"
STOP_TASK = "Stop the task left over"
WAIT_FOR_TASKS = "Wait for tasks to stop"
WAIT_FOR_FUNCTION = "Wait for its function to end"
WHOSE_FUNCTION = "Whose function was it?"
CLEAR = "Clear the dead run's lock"
RUN = "Run the job"
READ_RESULT = "Read the result"
READ_WHOLE = "Read the whole result"
DECIDE = "How did it end?"
LET_IT_STOP = "Let its task stop"
LIST_STOPPED = "Look for its task"
DESCRIBE_STOPPED = "Look at its task"
IS_IT_FOUND = "Is it among them?"
WAIT_TO_RETRY = "Wait before the next attempt"
WAIT_TO_START = "Wait before starting again"
RELEASE = "Give back the lock"
RELEASE_FAILED = "Give back the failed run's lock"
WHAT_FAILED = "What failed?"
SUCCEEDED = "Succeeded"
SKIPPED = "Skipped"

GROUPS = {
    "The lock": (NOTE_TIME, TAKE, LOOK, ASK, TURN, JOIN, DISPLACE, STOP_OTHER, WAIT_FOR_TURN, WAIT_A_MOMENT, CLEAR),
    "Tasks left over": (SETTLE, LIST_TASKS, DESCRIBE_TASKS, LEFT_OVER, CONFIRM, STOP_TASK, WAIT_FOR_TASKS),
    "A function left over": (WAIT_FOR_FUNCTION, WHOSE_FUNCTION),
    "The job": (
        RUN,
        READ_RESULT,
        READ_WHOLE,
        LET_IT_STOP,
        LIST_STOPPED,
        DESCRIBE_STOPPED,
        IS_IT_FOUND,
        DECIDE,
        WAIT_TO_RETRY,
        WAIT_TO_START,
        RELEASE,
        RELEASE_FAILED,
        WHAT_FAILED,
    ),
}
"""The parts of a machine, as its diagram frames them."""
