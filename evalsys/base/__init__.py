"""The ground floor: settings, clock, database and its one transaction owner, errors, cryptography, audit trail."""
