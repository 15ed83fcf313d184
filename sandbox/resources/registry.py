"""Which resource types there are."""

from difflib import get_close_matches

from sandbox.errors import SandboxError
from sandbox.resources import (
    alarms,
    docker_build,
    dynamodb,
    ec2_network,
    ec2_routes,
    ec2_security,
    ecr,
    ecs,
    eks,
    events,
    iam,
    kms,
    lambda_,
    logs,
    s3,
    scheduler,
    sns,
    sqs,
    states,
)
from sandbox.resources.handler import Handler

HANDLERS: dict[str, Handler] = {
    handler.token: handler
    for handler in (
        alarms.MetricAlarm(),
        docker_build.Image(),
        dynamodb.Table(),
        ec2_network.Eip(),
        ec2_network.InternetGateway(),
        ec2_network.NatGateway(),
        ec2_network.Subnet(),
        ec2_network.Vpc(),
        ec2_routes.Route(),
        ec2_routes.RouteTable(),
        ec2_routes.RouteTableAssociation(),
        ec2_routes.VpcEndpoint(),
        ec2_security.SecurityGroup(),
        ec2_security.SecurityGroupEgressRule(),
        ec2_security.SecurityGroupIngressRule(),
        ecr.LifecyclePolicy(),
        ecr.Repository(),
        ecr.RepositoryPolicy(),
        ecs.Cluster(),
        ecs.ClusterCapacityProviders(),
        ecs.TaskDefinition(),
        eks.AccessEntry(),
        eks.PodIdentityAssociation(),
        events.EventRule(),
        events.EventTarget(),
        iam.Role(),
        iam.RolePolicy(),
        kms.Alias(),
        kms.Key(),
        lambda_.Function(),
        logs.LogGroup(),
        logs.LogResourcePolicy(),
        s3.Bucket(),
        s3.BucketLifecycleConfiguration(),
        s3.BucketPolicy(),
        s3.BucketPublicAccessBlock(),
        s3.BucketServerSideEncryptionConfiguration(),
        scheduler.Schedule(),
        scheduler.ScheduleGroup(),
        sns.Topic(),
        sns.TopicPolicy(),
        sns.TopicSubscription(),
        sqs.Queue(),
        sqs.QueuePolicy(),
        states.StateMachine(),
    )
}


def handler_for(token: str) -> Handler:
    """The handler of a resource type. Raises SandboxError for a type that the sandbox does not have."""
    if token not in HANDLERS:
        near = get_close_matches(token, HANDLERS, n=1)
        raise SandboxError(
            f"the sandbox has no resource type {token}" + (f"; the nearest is {near[0]}" if near else "")
        )
    return HANDLERS[token]
