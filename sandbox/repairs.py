"""The repairs of MiniStack 1.5.33, each one small named function that says what is wrong as shipped.

`tests/sandbox/test_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import UnknownServiceError
from ministack import app
from ministack.core import iam_actions, responses
from ministack.core.responses import error_response_json
from ministack.services import ecs, eventbridge, scheduler, sns, sqs

from sandbox import clients, log_filter, log_writes, notifications, permission_repairs, resource_tags
from sandbox.ecs_api import EcsApi
from sandbox.functions import api as functions_api

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

NO_CALLS_OUT = "The sandbox calls nothing outside of itself: it has no API destinations."


def ecs_runs_tasks(aws: LocalAws) -> None:
    """As shipped, ECS answers without looking and runs nothing without Docker: see `sandbox.ecs_api`."""
    ecs._ACTION_MAP = {**_ecs_actions, **EcsApi(aws).handlers}


def ecs_times_have_milliseconds(_aws: LocalAws) -> None:
    """As shipped, the timestamps of ECS are cut to whole seconds, so that short tasks take none."""

    def epoch(value: Any) -> Any:
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except (AttributeError, ValueError):
            return value

    ecs._ts_to_epoch = epoch


def functions_of_images_run(aws: LocalAws) -> None:
    """As shipped, Lambda takes any request, and a function of a container image needs Docker: see `functions.api`."""
    functions_api.install(aws)


def no_init_scripts(_aws: LocalAws) -> None:
    """As shipped, scripts found in /docker-entrypoint-initaws.d and /etc/localstack/init are run at the start."""
    app._collect_scripts = lambda *_folders: []


def no_tickers(_aws: LocalAws) -> None:
    """As shipped, rules and schedules fire by MiniStack's own tickers, which know no time zones and no dead letters."""
    eventbridge.start_scheduler = lambda: None
    scheduler.start_scheduler = lambda: None


def no_calls_out(_aws: LocalAws) -> None:
    """As shipped, HTTP subscriptions of SNS and API destinations of EventBridge call any address they are given."""

    def refuse(*_arguments: Any) -> Any:
        return error_response_json("ValidationException", NO_CALLS_OUT, 400)

    def call(*_arguments: Any) -> Any:
        raise OSError(NO_CALLS_OUT)

    sns._http_post_sync = call
    eventbridge._create_connection = refuse
    eventbridge._create_api_destination = refuse
    eventbridge._api_destination_send_sync = call


def topics_are_published_to_as_on_aws(aws: LocalAws) -> None:
    """As shipped, rules and alarms publish without a look at any policy, and nothing fails: see `notifications`."""
    notifications.install(aws)


def tags_find_all_that_has_them(_aws: LocalAws) -> None:
    """As shipped, GetResources finds neither state machines nor log groups: see `resource_tags`."""
    resource_tags.install()


def log_lines_are_told_in_pages(_aws: LocalAws) -> None:
    """As shipped, FilterLogEvents tells of 10,000 lines and no more: see `log_filter`."""
    log_filter.install()


def log_lines_are_taken_by_their_age(aws: LocalAws) -> None:
    """As shipped, PutLogEvents takes lines of any time: see `log_writes`."""
    log_writes.install(aws)


def other_services_say_so(_aws: LocalAws) -> None:
    """As shipped, a service that is switched off answers in a form that most clients cannot read."""
    handlers: dict[str, Any] = app.SERVICE_HANDLERS

    def refusing(service: str) -> Callable[..., Any]:
        async def refuse(_method: str, _path: str, headers: dict[str, str], _body: bytes, _query_params: Any) -> Any:
            message = f"The sandbox does not offer {service}. It offers: {', '.join(sorted(_service_handlers))}"
            _status, named, body = iam_actions.access_denied_response(
                service, "", "", "", error_code="UnsupportedOperation", message=message, headers=headers
            )
            return 400, named, body

        return refuse

    for service in app.SERVICE_REGISTRY.keys() - _service_handlers.keys():
        handlers[service] = refusing(service)


def service_models_are_read_once(_aws: LocalAws) -> None:
    """As shipped, the checks of a call and of its answer each read the service's model from its file."""

    def data(service: str) -> dict[str, Any]:
        try:
            return clients.service_data(service)
        except UnknownServiceError:
            return {}

    def model(service: str) -> Any:
        try:
            return clients.service_model(responses._BOTOCORE_NAME.get(service, service))
        except UnknownServiceError:
            return None

    iam_actions._load_botocore_model = data
    responses._service_model = model


def addresses_of_this_start(aws: LocalAws) -> None:
    """As shipped, modules keep the port that the first start in a process had."""
    port = str(urlsplit(aws.endpoint).port)
    app._MINISTACK_PORT = port
    ecs._GATEWAY_PORT = port
    sns._PORT = port
    sqs.DEFAULT_PORT = port
    sqs._CANONICAL_NETLOC = urlsplit(aws.endpoint).netloc


# What the repairs call in turn.
_ecs_actions = dict(ecs._ACTION_MAP)
_service_handlers = dict(app.SERVICE_HANDLERS)

ALL: tuple[Callable[[LocalAws], None], ...] = (
    *permission_repairs.ALL,
    ecs_runs_tasks,
    ecs_times_have_milliseconds,
    functions_of_images_run,
    no_init_scripts,
    no_tickers,
    no_calls_out,
    topics_are_published_to_as_on_aws,
    tags_find_all_that_has_them,
    log_lines_are_told_in_pages,
    log_lines_are_taken_by_their_age,
    other_services_say_so,
    service_models_are_read_once,
    addresses_of_this_start,
)
