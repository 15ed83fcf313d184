"""What an execution says when it is over: the output of a success or of a skipped run, and the cause of a failure.

A cause is one sentence for a person, then a newline, then the same facts as JSON for a program.
"""

from dataclasses import dataclass

from definitions.jsonata import expression, literal
from definitions.outcome import Outcome, may_be
from definitions.place import Place
from definitions.run_task import SCHEDULED_TIME, TaskRun
from definitions.run_words import run_words
from spec.durations import duration_text
from spec.job import JobSpec

LOST_TURN = "Job.LostTurn"
"""The error of a step that was redriven where it cannot ask for the lock again."""

_OF_A_FAILURE = "'stopCode': $run.stopCode, 'reason': $run.reason"


def success_output(job: JobSpec, place: Place, log_group_name: str) -> str:
    """The output of a succeeded execution, as a JSONata expression.

    Keys: job, stack, status, exitCode, taskArn, startedAt, stoppedAt, scheduledTime, attempts, startRetries, logGroup,
    logStream (on Kubernetes, kubernetesJob and log for taskArn, logGroup and logStream; on Lambda, requestId for
    taskArn); result, of a job that leaves one. Like every fact that AWS tells, one that AWS left out is left out here.
    """
    result = "'result': $result" if job.results else ""
    return expression(_facts(job, place, log_group_name, status="SUCCEEDED", more=result))


def skipped_output(job: JobSpec, place: Place) -> str:
    """The output of an execution that ended before its job was started, as a JSONata expression.

    Keys: job, stack, status (SKIPPED), reason (a sentence for a person), because (the execution it made way for, where
    that is known), scheduledTime.
    """
    return expression(f"""{{
        'job': {literal(job.name)},
        'stack': {literal(place.stack)},
        'status': 'SKIPPED',
        'reason': $skipped.reason,
        'because': $skipped.because,
        'scheduledTime': {SCHEDULED_TIME}
    }}""")


def failure_cause(job: JobSpec, place: Place, log_group_name: str, outcome: Outcome) -> str:
    """The Cause of a failed execution, as a JSONata expression.

    The details have the keys of the output and, where AWS told them, stopCode and reason.
    """
    facts = _facts(job, place, log_group_name, status="FAILED", more=_OF_A_FAILURE)
    which = f"{job.name} ({place.stack})"
    sentence = _sentence(_words(which, job, log_group_name), job, log_group_name, outcome)
    return expression(f"{sentence} & {literal(chr(10))} & $string({facts})")


def step_failure_cause(step: str, task: TaskRun, *, tells_details: bool = True) -> str:
    """The cause of a step's failure, as JSONata: of whatever outcome there is in `$run`; its details name the step."""
    job, place, log_group_name = task.job, task.place, task.target.log_group_name
    words = _words(f"step {step} of {job.name} ({place.stack})", task.container, log_group_name)
    # A machine has these sentences for each of its steps: what is in several of them is written once.
    short = _Words(which="$which", log="$log", why="$why", after="$after", within="$within")
    bindings = " ".join(f"${name} := {words.said(name)};" for name in ("which", "log", "why", "after", "within"))
    others = (Outcome.SUCCEEDED, Outcome.UNEXPLAINED)
    outcomes = [outcome for outcome in Outcome if outcome not in others and may_be(outcome, task.container)]
    sentences = [
        f"$run.outcome = {literal(outcome.value)} ? {_sentence(short, task.container, log_group_name, outcome)}"
        for outcome in outcomes
    ]
    sentences.append(
        f"$run.outcome = {literal(LOST_TURN)} ? {short.begin('was redriven, and cannot ask for the lock again')}"
    )
    sentences.append(_sentence(short, task.container, log_group_name, Outcome.UNEXPLAINED))
    sentence = f"{bindings} ({' : '.join(sentences)})"
    if not tells_details:
        return f"({sentence})"
    more = f"'step': {literal(step)}, {_OF_A_FAILURE}"
    facts = _facts(job, place, log_group_name, status="FAILED", more=more, scheduled_time=task.run.scheduled_time)
    return f"({sentence} & {literal(chr(10))} & $string({facts}))"


def _facts(
    job: JobSpec,
    place: Place,
    log_group_name: str,
    *,
    status: str,
    more: str = "",
    scheduled_time: str = SCHEDULED_TIME,
) -> str:
    here = run_words(job, log_group_name)
    return f"""{{
        'job': {literal(job.name)},
        'stack': {literal(place.stack)},
        'status': {literal(status)},
        'exitCode': $run.exitCode,
        {here.what_ran},
        'startedAt': $run.startedAt,
        'stoppedAt': $run.stoppedAt,
        'scheduledTime': {scheduled_time},
        'attempts': $attempt,
        'startRetries': $startRetries,
        {here.log}{", " + more if more else ""}
    }}"""


@dataclass(frozen=True, kw_only=True)
class _Words:
    """What several sentences have in common: `which` run it was, as text, or a variable; the others as JSONata."""

    which: str
    log: str
    why: str
    after: str
    within: str

    def begin(self, text: str) -> str:
        """The beginning of a sentence about it, as JSONata."""
        if self.which.startswith("$"):
            return f"{self.which} & {literal(f' {text}')}"
        return literal(f"{self.which} {text}")

    def said(self, name: str) -> str:
        """One of them, as JSONata."""
        return literal(self.which) if name == "which" else getattr(self, name)


def _words(which: str, job: JobSpec, log_group_name: str) -> _Words:
    after, within = _attempts(job)
    return _Words(
        which=which,
        log=run_words(job, log_group_name).where_the_log_is,
        why="' (' & ($exists($run.reason) ? $run.reason : 'AWS gave no reason') & ')'",
        after=after,
        within=within,
    )


def _sentence(words: _Words, job: JobSpec, log_group_name: str, outcome: Outcome) -> str:
    """What happened, in which attempt, and where the log is, as JSONata. It ends in a name, ready to be copied."""
    log, why, after, within = words.log, words.why, words.after, words.within
    here = run_words(job, log_group_name)
    match outcome:
        case Outcome.EXITED_NON_ZERO:
            said = f"{words.begin('exited with code ')} & $string($run.exitCode) & {_final(job)}{after}"
        case Outcome.OUT_OF_MEMORY:
            code = "($exists($run.exitCode) ? ' (exit code ' & $string($run.exitCode) & ')' : '')"
            said = f"{words.begin(f'{here.ran_out} {job.memory_mib} MiB of memory')} & {code} & {after}"
        case Outcome.TIMED_OUT:
            timeout = duration_text(job.timeout_seconds)
            longer = words.begin(f"ran longer than its timeout of {timeout}{here.its_timeout}")
            said = f"{longer} & {within} & ' and was stopped'"
            log = here.where_it_may_be or log
        case Outcome.NEVER_STARTED:
            error = "($exists($run.startError) ? ': ' & $run.startError : '')"
            never = words.begin("never started")
            began = f"($run.mayRunOn ? {words.begin(here.no_answer)} : {never})" if here.no_answer else never
            said = f"{began} & {within} & {error} & {why}"
        case Outcome.NOT_PLACED:
            said = f"{words.begin('was not placed on any instance')} & {within} & {why}"
        case Outcome.REFUSED:
            error = "($exists($run.startError) ? ': ' & $run.startError : '')"
            said = f"{words.begin(here.refused)} & {within} & {error} & {why}"
        case Outcome.INTERRUPTED:
            code = "($exists($run.stopCode) ? ': ' & $run.stopCode : '')"
            said = f"{words.begin('lost its machine before it finished')} & {within} & {code} & {why}"
        case Outcome.STOPPED:
            said = f"{words.begin('was stopped by a person or a tool')} & {within} & {why}"
        case Outcome.INVALID_RESULT:
            said = f"{words.begin('exited with code 0')} & {within} & ' and left ' & $run.reason"
        case Outcome.UNEXPLAINED:
            said = f"{words.begin('failed')} & {within} & ', and AWS did not explain it' & {why}"
            log = here.where_it_may_be or log
        case Outcome.SUCCEEDED:
            raise ValueError("a success has an output, not a cause")
    return f"{said} & {log}"


def _attempts(job: JobSpec) -> tuple[str, str]:
    """How many attempts of each kind there were, after them and within the last, as JSONata."""
    allowed, restarts = job.retries.attempts + 1, job.start_retries.attempts
    restarted = (
        f"($startRetries > 0 ? ' and ' & $string($startRetries) & {literal(f' of {restarts} start retries')} : '')"
    )
    if allowed == 1:
        return f"' after 1 attempt' & {restarted}", f"' in its only attempt' & {restarted}"
    return (
        f"' after ' & $string($attempt) & {literal(f' of {allowed} attempts')} & {restarted}",
        f"' in attempt ' & $string($attempt) & {literal(f' of {allowed}')} & {restarted}",
    )


def _final(job: JobSpec) -> str:
    """Says of an exit code that is never retried that it is, as JSONata to be followed by more."""
    if not job.retries.final_exit_codes:
        return ""
    return f"($run.exitCode in {literal(list(job.retries.final_exit_codes))} ? ', which is never retried,' : '') & "
