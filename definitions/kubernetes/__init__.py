"""What a job is in an EKS cluster: its batch/v1 Job, how one ended, and who may do what there."""
