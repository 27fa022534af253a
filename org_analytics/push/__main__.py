"""`python -m org_analytics.push`: what an installed hook runs, whatever the PATH of the agent."""

import sys

from org_analytics.push.cli import main

sys.exit(main())
