"""evalsys: the application that stores, schedules, telephones, shows and publishes departmental conduct evaluations."""
