"""`python -m certwright_sandbox` is `certwright-sandbox`."""

import sys

from certwright_sandbox.cli import main

sys.exit(main())
