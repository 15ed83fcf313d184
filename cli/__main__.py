"""`python -m cli`, which is what the `longhaul` script runs."""

import sys

try:
    from cli.app import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
except ModuleNotFoundError as missing:
    print(f"longhaul: {missing.name} is not installed: run 'make install' first", file=sys.stderr)
    sys.exit(2)
