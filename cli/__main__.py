"""`python -m cli`, which is what the `longhaul` script runs."""

from cli.app import main

main()
