"""The states of a job that does several steps, or one of them many times over."""
