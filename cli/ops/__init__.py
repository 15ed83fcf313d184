"""What an operator does: a verb a file."""
