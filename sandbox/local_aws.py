"""An AWS on this machine: MiniStack with its repairs, its clock, its tasks and its permission checks, as one object."""

from __future__ import annotations

import os
import secrets
import string
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sandbox.clients import new_client
from sandbox.clock import Clock
from sandbox.container_instances import ContainerInstances
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.functions import Environments
from sandbox.identity import RoleSessions
from sandbox.images import ImageStore
from sandbox.kubernetes import Clusters
from sandbox.pushed_images import find_build
from sandbox.quotas import AppliedQuotas
from sandbox.server import HOST, Server, allow_many_open_files, listen
from sandbox.stale_reads import StaleReads
from sandbox.tasks import Tasks

if TYPE_CHECKING:
    from sandbox.step_functions.engine import Engine

ACCOUNT = "123456789012"
_running = threading.Lock()


class LocalAws:
    """An AWS account and region that live in this process: `with LocalAws() as aws: aws.client("s3")...`.

    MiniStack keeps its state in modules, so only one can run in a process at a time. While it runs, this process's own
    AWS environment variables are the sandbox's and its AWS profile files are out of reach.

    Args:
        region: the region that clients default to.
        start_time: what the clock reads first, in epoch seconds; default: the real time.

    Attributes:
        clock: the virtual time of everything in here.
        faults: what goes wrong in here.
        container_instances: the EC2 instances behind capacity providers; none at first.
        stale_reads: how far eventually consistent answers lie behind; not at all at first.
        endpoint: `http://127.0.0.1:PORT`, once started.
        access_key, secret_key: an administrator's credentials, new at each start.
        quotas: what the account has been granted beside AWS's defaults.
        functions: the execution environments of Lambda functions as processes; once started.
        identity: sessions of roles, and what roles may do; once started.
        images: what tasks can run.
        kubernetes: the EKS clusters that are there, none at first; once started.
        tasks: the ECS tasks as processes; once started.
    """

    account = ACCOUNT

    def __init__(self, *, region: str = "eu-west-1", start_time: float | None = None) -> None:
        self.region = region
        self.clock = Clock(start_time)
        self.faults = Faults(self.clock)
        self.container_instances = ContainerInstances(self.clock)
        self.stale_reads = StaleReads(self.clock)
        self.endpoint = ""
        self.access_key = "AKIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
        self.secret_key = secrets.token_urlsafe(30)
        self.quotas = AppliedQuotas()
        self.functions: Environments
        self.images = ImageStore(find_build)
        self.identity: RoleSessions
        self.kubernetes: Clusters
        self.tasks: Tasks
        self._server: Server | None = None
        self._engine: Engine
        self._host_environment: dict[str, str] = {}
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()

    def start(self, port: int = 0) -> LocalAws:
        """Start serving on `port` of the loopback address, 0 for any free one.

        Raises:
            SandboxError: the port is in use, or a sandbox runs in this process already.
        """
        if not _running.acquire(blocking=False):
            raise SandboxError("an AWS runs in this process already: stop it before starting another")
        listener = None
        try:
            allow_many_open_files()
            listener = listen(port)
            self.endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
            self.identity = RoleSessions(self.endpoint, self.region, self.account)
            self.kubernetes = Clusters(self)
            self.tasks = Tasks(self)
            self.functions = Environments(self)
            self._enter_environment()
            self._serve(listener)
        except BaseException:
            if listener is not None:
                listener.close()
            self._leave_environment()
            _running.release()
            raise
        return self

    def stop(self) -> None:
        """End every task and close the port; a second call does nothing."""
        if self._server is None:
            return
        # First, so that no execution sees its task end and starts another.
        self._engine.close()
        self.tasks.close()
        self.functions.close()
        self.kubernetes.close()
        # Before the server, which waits for connections that are open.
        self.identity.close()
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._server.stop()
        self._server = None
        from ministack import app

        app._reset_all_state()
        self._leave_environment()
        _running.release()

    def __enter__(self) -> LocalAws:
        return self if self._server is not None else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which any AWS client, in any process, reaches this AWS as administrator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            # Without it a client would look for credentials at the metadata service of the machine it runs on.
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of `service` (boto3's name) as administrator; the same one each time."""
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = new_client(
                    service, self.endpoint, self.region, (self.access_key, self.secret_key, None)
                )
            return self._clients[service]

    def _serve(self, listener: Any) -> None:
        from sandbox import ministack_setup, step_functions, triggers

        app = ministack_setup.load(self)
        self._engine = step_functions.install(self)
        triggers.install(self)
        self.clock.install()
        server = Server(app, listener)
        server.start()
        self._server = server

    def _enter_environment(self) -> None:
        from sandbox import ministack_setup

        self._host_environment = dict(os.environ)
        for name in list(os.environ):
            if name.startswith("AWS_"):
                del os.environ[name]
        os.environ.update(self.environment)
        os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        os.environ.update(ministack_setup.environment(self.endpoint, self.account, self.region))

    def _leave_environment(self) -> None:
        if self._host_environment:
            os.environ.clear()
            os.environ.update(self._host_environment)
            self._host_environment = {}
