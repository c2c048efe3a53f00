"""The audit trail: hash-chained entries that no later hand can alter unseen. Every room may write here; oversight reads."""
