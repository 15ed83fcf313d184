"""IAM: roles and their policies."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import IAM_ROLE, tag_list, tags_all


class Role(Handler):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""

    token = "aws:iam/role:Role"
    fields: ClassVar = {
        "name": "RoleName",
        "assumeRolePolicy": "AssumeRolePolicyDocument",
        "description": "Description",
        "path": "Path",
        "maxSessionDuration": "MaxSessionDuration",
        "permissionsBoundary": "PermissionsBoundary",
    }
    others = frozenset({"namePrefix", "forceDetachPolicies"})
    required = frozenset({"assumeRolePolicy"})
    defaults: ClassVar = {"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False}
    json_properties = ("assumeRolePolicy",)
    tagging = IAM_ROLE
    replace_on = frozenset({"path"})
    flags = frozenset({"forceDetachPolicies"})
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Outputs also have arn, uniqueId and createDate; the id is the role's name."""
        role = aws.client("iam").create_role(**self.request(inputs), **tag_list(inputs))["Role"]
        outputs = {"arn": role["Arn"], "uniqueId": role["RoleId"], "createDate": role["CreateDate"].isoformat()}
        return Created(role["RoleName"], {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change description, session length, trust policy and permissions boundary."""
        iam, boundary = aws.client("iam"), inputs.get("permissionsBoundary")
        iam.update_role(
            RoleName=made.id,
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs["maxSessionDuration"],
        )
        iam.update_assume_role_policy(RoleName=made.id, PolicyDocument=inputs["assumeRolePolicy"])
        if boundary:
            iam.put_role_permissions_boundary(RoleName=made.id, PermissionsBoundary=boundary)
        elif made.outputs.get("permissionsBoundary"):
            iam.delete_role_permissions_boundary(RoleName=made.id)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetRole tells."""
        role = aws.client("iam").get_role(RoleName=made.id)["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {**observed(role, self.fields), "permissionsBoundary": boundary}

    def delete(self, aws: Aws, made: Created) -> None:
        """Detach managed policies first if `forceDetachPolicies` is set; AWS refuses to delete a role that has any."""
        iam = aws.client("iam")
        if made.outputs["forceDetachPolicies"]:
            for policy in iam.list_attached_role_policies(RoleName=made.id)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=made.id, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=made.id)


class RolePolicy(Handler):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"""

    token = "aws:iam/rolePolicy:RolePolicy"
    fields: ClassVar = {"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"}
    others = frozenset({"namePrefix"})
    required = frozenset({"role", "policy"})
    replace_on = frozenset({"role"})
    json_properties = ("policy",)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is `<role>:<policy name>`."""
        aws.client("iam").put_role_policy(**self.request(inputs))
        return Created(f"{inputs['role']}:{inputs['name']}", dict(inputs))

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the new document in the place of the old one."""
        aws.client("iam").put_role_policy(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetRolePolicy tells."""
        role, name = made.outputs["role"], made.outputs["name"]
        return observed(aws.client("iam").get_role_policy(RoleName=role, PolicyName=name), self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Remove the policy from its role."""
        aws.client("iam").delete_role_policy(RoleName=made.outputs["role"], PolicyName=made.outputs["name"])
