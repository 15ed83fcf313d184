"""Lambda: functions of container images, and of zip archives."""

from typing import Any, ClassVar

from sandbox.errors import SandboxError
from sandbox.pulumi_values import Archive
from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested, observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import LAMBDA, tags_all
from sandbox.resources.unknown import UNKNOWN

# What UpdateFunctionCode changes, not UpdateFunctionConfiguration.
_OF_CODE = frozenset({"imageUri", "code", "architectures"})
_OF_CONCURRENCY = frozenset({"reservedConcurrentExecutions"})
# Before a function that was made or changed is used, the provider waits for it.
_WAITER = {"Delay": 1, "MaxAttempts": 300}


class Function(Handler):
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""

    token = "aws:lambda/function:Function"
    fields: ClassVar = {
        "name": "FunctionName",
        "packageType": "PackageType",
        "role": "Role",
        "architectures": "Architectures",
        "description": "Description",
        "environment": Nested("Environment", {"variables": "Variables"}),
        "runtime": "Runtime",
        "handler": "Handler",
        "ephemeralStorage": Nested("EphemeralStorage", {"size": "Size"}),
        "imageConfig": Nested(
            "ImageConfig", {"entryPoints": "EntryPoint", "commands": "Command", "workingDirectory": "WorkingDirectory"}
        ),
        "loggingConfig": Nested("LoggingConfig", {"logFormat": "LogFormat", "logGroup": "LogGroup"}),
        "memorySize": "MemorySize",
        "timeout": "Timeout",
        "vpcConfig": Nested("VpcConfig", {"subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}),
    }
    others = frozenset({"imageUri", "code", "publish", "reservedConcurrentExecutions", "skipDestroy"})
    required = frozenset({"role"})
    defaults: ClassVar = {
        "packageType": "Zip",
        "architectures": ["x86_64"],
        "memorySize": 128,
        "timeout": 3,
        "ephemeralStorage": {"size": 512},
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
    }
    tagging = LAMBDA
    replace_on = frozenset({"packageType"})
    flags = frozenset({"skipDestroy"})
    volatile = frozenset({"codeSha256", "lastModified", "qualifiedArn", "qualifiedInvokeArn", "version"})
    max_name_length = 64

    def check(self, inputs: Properties, logical_name: str, seed: bytes) -> Properties:
        """As Handler.check, with the log group that a function has unless it names one."""
        checked = super().check(inputs, logical_name, seed)
        _check_package(checked)
        given = checked.get("loggingConfig") or {}
        if given == UNKNOWN:
            return checked
        group = {"logFormat": "Text", "logGroup": f"/aws/lambda/{checked['name']}"}
        return {**checked, "loggingConfig": {**group, **given}}

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the function's name; the outputs `version` and `qualifiedArn` are those of what is published."""
        client, name = aws.client("lambda"), inputs["name"]
        client.create_function(
            **self.request(inputs),
            Code=_code(aws, inputs),
            Publish=inputs["publish"],
            **({"Tags": inputs["tags"]} if inputs.get("tags") else {}),
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=_WAITER)
        if inputs["reservedConcurrentExecutions"] >= 0:
            _reserve(client, name, inputs)
        made = Created(name, {**inputs, **tags_all(inputs)})
        found = {key: value for key, value in self.look(aws, made).items() if value is not None}
        return Created(name, {**made.outputs, **found})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change configuration and code, and publish a version of what has changed."""
        client, changed = aws.client("lambda"), self.differing(made.outputs, inputs)
        configures = (changed & self.fields.keys()) - _OF_CODE
        if configures:
            request = self.request({key: value for key, value in inputs.items() if key in self.fields})
            for fixed in ("PackageType", "Architectures"):
                request.pop(fixed, None)
            # What is no longer given is emptied.
            request = {"Description": "", "Environment": {"Variables": {}}, **request}
            if inputs["packageType"] == "Image":
                request.setdefault("ImageConfig", {})
            request.setdefault("VpcConfig", {"SubnetIds": [], "SecurityGroupIds": []})
            client.update_function_configuration(**request)
            client.get_waiter("function_updated_v2").wait(FunctionName=made.id, WaiterConfig=_WAITER)
        codes = changed & _OF_CODE
        if codes:
            client.update_function_code(
                FunctionName=made.id, Architectures=inputs["architectures"], **_code(aws, inputs)
            )
            client.get_waiter("function_updated_v2").wait(FunctionName=made.id, WaiterConfig=_WAITER)
        if changed & _OF_CONCURRENCY:
            _reserve(client, made.id, inputs)
        if inputs["publish"] and (configures or codes or "publish" in changed):
            version = client.publish_version(FunctionName=made.id)["Version"]
            # The provider waits for a version by GetFunctionConfiguration, and by GetFunction for all else.
            client.get_waiter("function_updated").wait(FunctionName=made.id, Qualifier=version, WaiterConfig=_WAITER)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetFunction and ListVersionsByFunction tell."""
        client = aws.client("lambda")
        told = client.get_function(FunctionName=made.id)
        config = told["Configuration"]
        environment, network = config.get("Environment") or {}, config.get("VpcConfig") or {}
        answer = {
            **config,
            "Environment": environment if environment.get("Variables") else None,
            "ImageConfig": (config.get("ImageConfigResponse") or {}).get("ImageConfig") or None,
            "VpcConfig": network if network.get("SubnetIds") else None,
            "Description": config.get("Description") or None,
            "Runtime": config.get("Runtime") or None,
            "Handler": config.get("Handler") or None,
        }
        arn = config["FunctionArn"]
        version = _latest_version(client, made.id) if made.outputs["publish"] else "$LATEST"
        return {
            **observed(answer, self.fields),
            "imageUri": told["Code"].get("ImageUri"),
            "reservedConcurrentExecutions": told.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
            "arn": arn,
            "invokeArn": _invoke_arn(aws, arn),
            "version": version,
            "qualifiedArn": f"{arn}:{version}",
            "qualifiedInvokeArn": _invoke_arn(aws, f"{arn}:{version}"),
            "codeSha256": config["CodeSha256"],
            "lastModified": config["LastModified"],
        }

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the function with all its versions, unless `skipDestroy` says to leave it."""
        if not made.outputs["skipDestroy"]:
            aws.client("lambda").delete_function(FunctionName=made.id)


def _check_package(inputs: Properties) -> None:
    if inputs["packageType"] == "Image":
        fits = "imageUri" in inputs and "code" not in inputs
    else:
        code = inputs.get("code")
        fits = isinstance(code, Archive) and code.path and "imageUri" not in inputs
    if not fits:
        raise SandboxError(
            "the sandbox deploys functions of container images, packageType 'Image' with an imageUri, and of archives, "
            "packageType 'Zip' with a pulumi.FileArchive as code"
        )
    if inputs["packageType"] != "Image" and not (inputs.get("handler") and inputs.get("runtime")):
        # In the words of the real provider.
        raise SandboxError("handler and runtime must be set when PackageType is Zip")


def _code(aws: Aws, inputs: Properties) -> dict[str, Any]:
    """What a request says of the code."""
    if "imageUri" in inputs:
        return {"ImageUri": inputs["imageUri"]}
    path = aws.root / inputs["code"].path
    try:
        return {"ZipFile": path.read_bytes()}
    except OSError as error:
        raise SandboxError(f"the property 'code': cannot read {path}: {error.strerror}") from error


def _reserve(client: Any, name: str, inputs: Properties) -> None:
    reserved = inputs["reservedConcurrentExecutions"]
    if reserved >= 0:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    else:
        client.delete_function_concurrency(FunctionName=name)


def _latest_version(client: Any, name: str) -> str:
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    return [version["Version"] for page in pages for version in page["Versions"]][-1]


def _invoke_arn(aws: Aws, arn: str) -> str:
    """By which API Gateway invokes it."""
    return f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
