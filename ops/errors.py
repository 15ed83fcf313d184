"""What keeps an operator from an answer, each in one line for a person, with the exit code it ends the command with."""


class OpsError(Exception):
    """Something could not be done. The message is one line, or several where choices are listed."""

    exit_code = 1


class NotFoundError(OpsError):
    """Nothing has that name; the message has what is nearest."""

    exit_code = 2


class AmbiguousError(OpsError):
    """Several things may have been meant; the message has them."""

    exit_code = 2


class AwsError(OpsError):
    """AWS, or the way to it, refused: the call and AWS's own words, or what the environment lacks to make one."""

    exit_code = 3
