"""Export: finished records leave as files that shops accept."""
