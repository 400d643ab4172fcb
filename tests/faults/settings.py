"""Settings of a real web process beside the tests: their database, but pooled, kept and swept as for real."""

import os

from baystate import env
from baystate.settings_test import *  # noqa: F403
from baystate.settings_test import DATABASES

for _alias in DATABASES.values():
    _alias["NAME"] = os.environ["FAULTS_DATABASE"]
    # the tests' server answers before it has written; what it promised is to outlive its own end here
    _alias["OPTIONS"]["options"] = "-c synchronous_commit=on"
DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 5, "max_size": 10, "timeout": 5.0}
SWEEP_SECONDS = env.integer("BAYSTATE_SWEEP_SECONDS", default=1, minimum=0)
