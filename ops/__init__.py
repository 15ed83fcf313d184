"""What an operator does, as functions on boto3 that return data. Never prints; knows AWS only, not what deployed it."""
