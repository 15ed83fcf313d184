"""ECS: clusters and task definitions."""

import json
from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested, observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import ECS, lower_case_tag_list, tags_all


class Cluster(Handler):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html"""

    token = "aws:ecs/cluster:Cluster"
    fields: ClassVar = {
        "name": "clusterName",
        "settings": Nested("settings", {"name": "name", "value": "value"}),
    }
    tagging = ECS

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the cluster's ARN."""
        request = self.request(inputs)
        cluster = aws.client("ecs").create_cluster(**request, **lower_case_tag_list(inputs))["cluster"]
        arn = cluster["clusterArn"]
        return Created(arn, {**inputs, **tags_all(inputs), "arn": arn, "settings": cluster["settings"]})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change the settings."""
        aws.client("ecs").update_cluster_settings(cluster=made.id, settings=self.request(inputs).get("settings", []))

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeClusters tells of a cluster that is not deleted."""
        clusters = aws.client("ecs").describe_clusters(clusters=[made.id], include=["SETTINGS"])["clusters"]
        return observed(clusters[0], self.fields) if clusters and clusters[0]["status"] != "INACTIVE" else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the cluster; AWS refuses while tasks run in it."""
        aws.client("ecs").delete_cluster(cluster=made.id)


class ClusterCapacityProviders(Handler):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html"""

    token = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
    fields: ClassVar = {
        "clusterName": "cluster",
        "capacityProviders": "capacityProviders",
        "defaultCapacityProviderStrategies": Nested(
            "defaultCapacityProviderStrategy",
            {"capacityProvider": "capacityProvider", "weight": "weight", "base": "base"},
        ),
    }
    required = frozenset({"clusterName"})
    defaults: ClassVar = {"capacityProviders": [], "defaultCapacityProviderStrategies": []}
    replace_on = frozenset({"clusterName"})
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the cluster's name."""
        aws.client("ecs").put_cluster_capacity_providers(**self.request(inputs))
        return Created(inputs["clusterName"], dict(inputs))

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the new providers in the place of the old ones."""
        aws.client("ecs").put_cluster_capacity_providers(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeClusters tells of the cluster's providers."""
        clusters = aws.client("ecs").describe_clusters(clusters=[made.id])["clusters"]
        if not clusters or clusters[0]["status"] == "INACTIVE":
            return None
        of_providers = {name: field for name, field in self.fields.items() if name != "clusterName"}
        return observed(clusters[0], of_providers)

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the cluster without capacity providers."""
        aws.client("ecs").put_cluster_capacity_providers(
            cluster=made.id, capacityProviders=[], defaultCapacityProviderStrategy=[]
        )


class TaskDefinition(Handler):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html"""

    token = "aws:ecs/taskDefinition:TaskDefinition"
    fields: ClassVar = {
        "family": "family",
        "cpu": "cpu",
        "memory": "memory",
        "networkMode": "networkMode",
        "requiresCompatibilities": "requiresCompatibilities",
        "executionRoleArn": "executionRoleArn",
        "taskRoleArn": "taskRoleArn",
        "runtimePlatform": Nested(
            "runtimePlatform",
            {"cpuArchitecture": "cpuArchitecture", "operatingSystemFamily": "operatingSystemFamily"},
        ),
        "ephemeralStorage": Nested("ephemeralStorage", {"sizeInGib": "sizeInGiB"}),
        "volumes": Nested("volumes", {"name": "name"}),
    }
    others = frozenset({"containerDefinitions", "skipDestroy", "trackLatest"})
    required = frozenset({"family", "containerDefinitions"})
    defaults: ClassVar = {"skipDestroy": False, "trackLatest": False}
    json_properties = ("containerDefinitions",)
    auto_named = None
    tagging = ECS
    # A revision never changes.
    replace_on = frozenset({*fields, "containerDefinitions"})
    flags = frozenset({"skipDestroy", "trackLatest"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the family; the output `arn` names the revision."""
        definition = aws.client("ecs").register_task_definition(
            **self.request(inputs),
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            **lower_case_tag_list(inputs),
        )["taskDefinition"]
        arn = definition["taskDefinitionArn"]
        outputs = {"arn": arn, "arnWithoutRevision": arn.rpartition(":")[0], "revision": definition["revision"]}
        return Created(inputs["family"], {**inputs, **tags_all(inputs), **outputs})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """Nothing but whether the revision is registered: it is what it was."""
        registered = aws.client("ecs").describe_task_definition(taskDefinition=made.outputs["arn"])["taskDefinition"]
        return {} if registered["status"] == "ACTIVE" else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Deregister the revision, unless `skipDestroy` says to keep it for runs that still need it."""
        if not made.outputs["skipDestroy"]:
            aws.client("ecs").deregister_task_definition(taskDefinition=made.outputs["arn"])
