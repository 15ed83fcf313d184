"""EKS: who may call a cluster's API, and which role the Pods of a service account have. Clusters are given."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import observed, refuse_unknown
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import EKS, tag_map, tags_all


class AccessEntry(Handler):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html"""

    token = "aws:eks/accessEntry:AccessEntry"
    fields: ClassVar = {
        "clusterName": "clusterName",
        "kubernetesGroups": "kubernetesGroups",
        "principalArn": "principalArn",
        "type": "type",
        "userName": "username",
    }
    required = frozenset({"clusterName", "principalArn"})
    defaults: ClassVar = {"type": "STANDARD"}
    replace_on = frozenset({"clusterName", "principalArn", "type"})
    auto_named = None
    tagging = EKS

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the cluster's name and the principal's ARN with a colon between."""
        entry = aws.client("eks").create_access_entry(**self.request(inputs), **tag_map(inputs))["accessEntry"]
        outputs = {"accessEntryArn": entry["accessEntryArn"], **self._told(entry)}
        identity = f"{inputs['clusterName']}:{inputs['principalArn']}"
        return Created(identity, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change the groups and the user's name."""
        request = self.request({name: inputs[name] for name in ("kubernetesGroups", "userName") if name in inputs})
        aws.client("eks").update_access_entry(**_entry(made), **{"kubernetesGroups": [], **request})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeAccessEntry tells."""
        return self._told(aws.client("eks").describe_access_entry(**_entry(made))["accessEntry"])

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the entry: the principal is nobody to the cluster then."""
        aws.client("eks").delete_access_entry(**_entry(made))

    def _tagged(self, made: Created) -> str:
        return made.outputs["accessEntryArn"]

    def _told(self, entry: Mapping[str, Any]) -> Properties:
        times = {name: entry[name].strftime("%Y-%m-%dT%H:%M:%SZ") for name in ("createdAt", "modifiedAt")}
        return {**observed(entry, self.fields), **times}


def _entry(made: Created) -> dict[str, str]:
    return {name: made.outputs[name] for name in ("clusterName", "principalArn")}


class PodIdentityAssociation(Handler):
    """https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html"""

    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    fields: ClassVar = {
        "clusterName": "clusterName",
        "namespace": "namespace",
        "roleArn": "roleArn",
        "serviceAccount": "serviceAccount",
    }
    required = frozenset({"clusterName", "namespace", "roleArn", "serviceAccount"})
    replace_on = frozenset({"clusterName", "namespace", "serviceAccount"})
    auto_named = None
    tagging = EKS

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the association's."""
        request = {**self.request(inputs), **tag_map(inputs)}
        found = aws.client("eks").create_pod_identity_association(**request)["association"]
        outputs = {name: found[name] for name in ("associationArn", "associationId")}
        return Created(found["associationId"], {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Give the service account another role."""
        aws.client("eks").update_pod_identity_association(**_association(made), roleArn=inputs["roleArn"])

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribePodIdentityAssociation tells."""
        found = aws.client("eks").describe_pod_identity_association(**_association(made))["association"]
        return observed(found, self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the association: the Pods that start from then on have no role."""
        aws.client("eks").delete_pod_identity_association(**_association(made))

    def _tagged(self, made: Created) -> str:
        return made.outputs["associationArn"]


def _association(made: Created) -> dict[str, str]:
    return {"clusterName": made.outputs["clusterName"], "associationId": made.id}


def get_cluster(aws: Aws, arguments: Mapping[str, Any]) -> Properties:
    """What aws:eks/getCluster:getCluster answers; raises SandboxError for a cluster that is not there."""
    refuse_unknown(arguments, ("name",))
    eks = aws.client("eks")
    try:
        cluster = eks.describe_cluster(name=arguments["name"])["cluster"]
    except eks.exceptions.ResourceNotFoundException as error:
        there = ", ".join(sorted(eks.list_clusters()["clusters"])) or "none"
        raise SandboxError(
            f"there is no EKS cluster {arguments['name']} in {aws.region}; there are: {there}"
        ) from error
    network = cluster["resourcesVpcConfig"]
    return {
        "id": cluster["name"],
        "name": cluster["name"],
        "arn": cluster["arn"],
        "region": aws.region,
        "certificateAuthorities": [{"data": cluster["certificateAuthority"]["data"]}],
        "endpoint": cluster["endpoint"],
        "platformVersion": cluster["platformVersion"],
        "roleArn": cluster["roleArn"],
        "status": cluster["status"],
        "tags": cluster.get("tags", {}),
        "version": cluster["version"],
        "createdAt": cluster["createdAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accessConfigs": [{"authenticationMode": cluster["accessConfig"]["authenticationMode"]}],
        "vpcConfig": {
            "endpointPublicAccess": network["endpointPublicAccess"],
            "endpointPrivateAccess": network["endpointPrivateAccess"],
            "publicAccessCidrs": network["publicAccessCidrs"],
            "securityGroupIds": network["securityGroupIds"],
            "subnetIds": network["subnetIds"],
        },
    }
