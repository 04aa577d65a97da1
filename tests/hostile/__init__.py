"""Programs that mean harm, each against a real hub that serves honest clients meanwhile."""
