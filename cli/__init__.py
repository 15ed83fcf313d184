"""The command line: the only room that prints and parses arguments. Thin: what it shows comes from the other rooms."""
