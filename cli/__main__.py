"""`python -m cli`, which is what the `longhaul` script runs."""

import sys

try:
    from cli.app import main
except KeyboardInterrupt:
    sys.exit(130)

main()
