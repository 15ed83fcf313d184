"""An AWS on this machine, in which a stack is deployed, its schedules fire and its jobs run with no AWS account."""
