"""The repairs of MiniStack 1.5.33, each one small named function that says what is wrong as shipped."""

from __future__ import annotations

import os


def only_the_admin_is_root() -> None:
    """As shipped, the access key `test` and any number of 12 digits are root, and root's signatures are not checked."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    def is_root_access_key(access_key_id: str) -> bool:
        return access_key_id in ("", os.environ["AWS_ACCESS_KEY_ID"])

    iam_evaluator.is_root_access_key = is_root_access_key
    sts.is_root_access_key = is_root_access_key
    # The question that decides whether a signature is looked at.
    iam_evaluator._is_root_key = lambda access_key_id: not access_key_id


def no_init_scripts() -> None:
    """As shipped, scripts found in /docker-entrypoint-initaws.d and /etc/localstack/init are run at the start."""
    from ministack import app

    app._collect_scripts = lambda *_folders: []


def no_tickers() -> None:
    """As shipped, rules and schedules fire by MiniStack's own tickers, which know no time zones and no dead letters."""
    from ministack.services import eventbridge, scheduler

    eventbridge.start_scheduler = lambda: None
    scheduler.start_scheduler = lambda: None


ALL = (only_the_admin_is_root, no_init_scripts, no_tickers)


def apply() -> None:
    """Apply every repair; a second call replaces the first."""
    for repair in ALL:
        repair()
