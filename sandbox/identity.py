"""Who acts: credentials of a role for whoever the role trusts, and the permissions that no HTTP call asks about.

MiniStack checks the policies of whoever signs a call. Executions, tasks and triggers sign theirs with session
credentials of their role from here, after the role's trust policy has been asked as AWS asks it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.clients import new_client

FUNCTION_ARN = "SourceFunctionArn"
"""Of a session that a Lambda function has: which one."""

_LAMBDA = "lambda.amazonaws.com"
_KEY_CHARACTERS = string.ascii_uppercase + "234567"


class RoleNotAssumable(Exception):  # noqa: N818 - the name of what AWS says, as all errors of AWS
    """A role that does not exist or whose trust policy does not let this principal assume it."""


@dataclass(frozen=True)
class Credentials:
    """Session credentials of a role, and the ARN under which its calls appear."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    principal_arn: str


class RoleSessions:
    """Sessions of the roles of one account, and what those roles may do."""

    def __init__(self, endpoint: str, region: str, account: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._account = account
        self._lock = threading.Lock()
        self._credentials: dict[tuple[str, str, str], Credentials] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    def client(
        self,
        service: str,
        role_arn: str,
        principal: str = "states.amazonaws.com",
        *,
        session_name: str = "sandbox",
        source_arn: str | None = None,
    ) -> Any:
        """A boto3 client of `service` that acts with the role; the same one for the same session.

        Args:
            service: boto3's name of the service.
            role_arn: the role.
            principal: the AWS service that assumes it (`states.amazonaws.com`, `ecs-tasks.amazonaws.com`, ...).
            session_name: the last part of the ARN under which the calls appear.
            source_arn: for whom the service acts (`aws:SourceArn`): a state machine, a rule, a task ...

        Raises:
            RoleNotAssumable: the role is missing or does not trust `principal`, or not for `source_arn`.
        """
        credentials = self.credentials(role_arn, principal, session_name=session_name, source_arn=source_arn)
        with self._lock:
            key = (service, credentials.access_key)
            if key not in self._clients:
                self._clients[key] = self._new_client(service, credentials)
            return self._clients[key]

    def passing_client(
        self, service: str, role_arn: str, principal: str, *, session_name: str, source_arn: str | None = None
    ) -> Any:
        """As `client`, for a session of few calls: a client of its own, which the caller closes."""
        credentials = self.credentials(role_arn, principal, session_name=session_name, source_arn=source_arn)
        return self._new_client(service, credentials)

    def credentials(
        self,
        role_arn: str,
        principal: str,
        *,
        session_name: str = "sandbox",
        source_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Credentials:
        """Session credentials of the role, with the arguments and errors of `client` and `trusts`.

        They do not expire.
        """
        if not self.trusts(role_arn, principal, source_arn=source_arn, tags=tags):
            raise RoleNotAssumable(f"{principal} is not authorized to assume the role {role_arn}")
        with self._lock:
            key = (role_arn, principal, session_name)
            if key not in self._credentials or not _is_registered(self._credentials[key].access_key):
                function_arn = source_arn if principal == _LAMBDA else None
                self._credentials[key] = self._open_session(role_arn, session_name, function_arn)
            return self._credentials[key]

    def trusts(
        self,
        role_arn: str,
        principal: str,
        *,
        source_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the role exists and its trust policy lets the AWS service `principal` assume it for `source_arn`.

        `tags` are those that the service gives the session, which is a right of its own.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
        """
        from ministack.core import iam_evaluator

        role = self._role(role_arn)
        if role is None:
            return False
        context = {"aws:sourceaccount": self._account, "aws:sourcearn": source_arn}
        if principal == _LAMBDA:
            # Its guide knows these keys where a function is called, and none of the kind where it assumes a role.
            # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
            context = {}
        context |= {f"aws:requesttag/{key.lower()}": value for key, value in (tags or {}).items()}

        def allows(action: str) -> bool:
            request = iam_evaluator.EvalContext(
                principal_arn=principal,
                principal_type="AWSService",
                principal_account=self._account,
                action=action,
                resource_arn=role_arn,
                region=self._region,
                service_context=context,
            )
            return _service_may_assume(role.get("AssumeRolePolicyDocument"), principal, request)

        return all(map(allows, ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]))

    def allowed(
        self, role_arn: str, action: str, resource: str, context: Mapping[str, str | list[str]] | None = None
    ) -> bool:
        """Whether the role may do `action` on `resource` (an ARN or `*`): its policies and the resource's own.

        `context` holds the condition keys of the request.
        """
        return self.denial(role_arn, action, resource, context) is None

    def denial(
        self,
        role_arn: str,
        action: str,
        resource: str,
        context: Mapping[str, str | list[str]] | None = None,
        *,
        session_name: str = "sandbox",
    ) -> str | None:
        """None if the role may do it (see `allowed`), else AWS's sentence that names role, action and resource."""
        from ministack.core import iam_evaluator
        from ministack.core.iam_actions import identity_denial_message
        from ministack.services import iam

        name = role_arn.rsplit("/", 1)[-1]
        principal_arn = _session_arn(role_arn, session_name)
        request = iam_evaluator.EvalContext(
            principal_arn=principal_arn,
            principal_type="AssumedRole",
            principal_account=self._account,
            action=action,
            resource_arn=resource,
            region=self._region,
            service_context={key.lower(): value for key, value in (context or {}).items()},
        )
        policies = iam_evaluator._gather_role_policies(name, self._account)
        limits = iam_evaluator._permissions_boundary(iam._roles, name, self._account)
        result = iam_evaluator.evaluate(request, policies, *limits)
        service = action.partition(":")[0]
        of_resource = iam_evaluator._resource_policy(service, resource)
        if of_resource is not None:
            required = service in iam_evaluator._POLICY_REQUIRED
            result = iam_evaluator.combine_resource_policy(
                result, request, *of_resource, required=required, limits=tuple(limits)
            )
        if result.decision == "Allow":
            return None
        return identity_denial_message(action, principal_arn, resource, result.decision == "Deny")

    def close(self) -> None:
        """Close the clients' connections."""
        for client in self._clients.values():
            client.close()

    def _new_client(self, service: str, credentials: Credentials) -> Any:
        keys = (credentials.access_key, credentials.secret_key, credentials.session_token)
        return new_client(service, self._endpoint, self._region, keys)

    def _role(self, role_arn: str) -> dict[str, Any] | None:
        from ministack.services import iam

        role = iam._roles.get_scoped(self._account, None, role_arn.rsplit("/", 1)[-1])
        return role if role is not None and role["Arn"] == role_arn else None

    def _open_session(self, role_arn: str, session_name: str, function_arn: str | None) -> Credentials:
        from ministack.services import sts

        role = self._role(role_arn)
        assert role is not None
        credentials = Credentials(
            access_key="ASIA" + "".join(secrets.choice(_KEY_CHARACTERS) for _ in range(16)),
            secret_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(60),
            principal_arn=_session_arn(role_arn, session_name),
        )
        # No expiry: the clock jumps by days while the clients keep their credentials.
        sts._sessions[credentials.access_key] = {
            "Arn": credentials.principal_arn,
            "AccountId": self._account,
            "UserId": f"{role['RoleId']}:{session_name}",
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.session_token,
            **({FUNCTION_ARN: function_arn} if function_arn else {}),
        }
        return credentials


def _is_registered(access_key: str) -> bool:
    from ministack.services import sts

    return access_key in sts._sessions


def _session_arn(role_arn: str, session_name: str) -> str:
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    return f"arn:{partition}:sts::{account}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{session_name}"


def _service_may_assume(document: Any, principal: str, request: Any) -> bool:
    from ministack.core import iam_evaluator

    # The policy language's service principals, which the evaluator's own trust check knows for account roots only.
    statements = iam_evaluator.json.loads(document) if isinstance(document, str) else document
    statements = (statements or {}).get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    named = [
        {**statement, "Resource": "*"}
        for statement in statements
        if iam_evaluator._service_principal_matches(statement.get("Principal"), principal)
        or statement.get("Principal") in ("*", {"AWS": "*"})
    ]
    policy = iam_evaluator.parse_policy_document({"Statement": named})
    return iam_evaluator.evaluate(request, [policy]).decision == "Allow"
