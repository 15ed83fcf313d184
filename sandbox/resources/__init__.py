"""Resource types: for each type of the Pulumi AWS provider that Longhaul uses, how it is made and deleted by boto3.

No Pulumi in here: the same handlers serve whatever engine calls them. A type, a property or a function that is not
known is refused, because a sandbox that drops it silently would be kinder than AWS.
"""
