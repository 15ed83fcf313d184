"""Letters of the dead-letter queue while somebody reads them: hidden from others, and given back unless deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ops.aws import Aws
from ops.dead_letters import Letter, letter_of
from ops.stack import DeployedStack

HIDDEN_SECONDS = 600
"""How long a letter stays hidden after its reader was killed. While the reader lives this is renewed in time."""
_RENEWED_AFTER_SECONDS = HIDDEN_SECONDS / 3
_AT_ONCE = 10


class LettersInHand:
    """The letters of a queue that could be seen, the oldest first."""

    def __init__(self, aws: Aws, stack: DeployedStack, queue_url: str) -> None:
        self._sqs = aws("sqs")
        self._stack = stack
        self._queue_url = queue_url
        self._receipts: dict[str, str] = {}
        self._letters: dict[str, Letter] = {}
        self._since = time.monotonic()

    @property
    def letters(self) -> tuple[Letter, ...]:
        return tuple(sorted(self._letters.values(), key=lambda letter: letter.sent))

    def receive(self) -> None:
        """Take all that can be seen. Raises botocore's errors.

        An answer may be empty although letters are there, unless SQS is given a second to ask all its servers.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
        """
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            found = answer.get("Messages", ())
            known = len(self._receipts)
            for message in found:
                # One may come twice: the last receipt is the one that counts.
                self._receipts[message["MessageId"]] = message["ReceiptHandle"]
                self._letters[message["MessageId"]] = letter_of(message, self._stack)
            if len(self._receipts) == known:
                return
            self.keep()

    def keep(self) -> None:
        """Hide the letters for longer, if it is time to. Raises botocore's errors."""
        if time.monotonic() - self._since > _RENEWED_AFTER_SECONDS:
            self._since = time.monotonic()
            self._hide(HIDDEN_SECONDS)

    def delete(self, letter: Letter) -> None:
        """Take a letter out of the queue for good. Raises botocore's errors."""
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=self._receipts[letter.id])
        del self._receipts[letter.id]

    def give_back(self) -> None:
        """Let others see again what was not deleted. Raises botocore's errors."""
        self._hide(0)
        self._receipts.clear()

    def _hide(self, seconds: int) -> None:
        receipts = list(self._receipts.values())
        for start in range(0, len(receipts), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for number, receipt in enumerate(receipts[start : start + _AT_ONCE])
            ]
            # What it refuses for a letter is that it went back by itself.
            self._sqs.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)


@contextmanager
def letters_in_hand(aws: Aws, stack: DeployedStack, queue_url: str) -> Iterator[LettersInHand]:
    """The letters of a queue, hidden from others meanwhile; all that were not deleted go back, whatever happens.

    SQS has no way to look without taking. A letter that is taken keeps its age and its content; what is never given
    back, as of a process that was killed, comes back after HIDDEN_SECONDS.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    """
    hand = LettersInHand(aws, stack, queue_url)
    try:
        hand.receive()
        yield hand
    finally:
        hand.give_back()
