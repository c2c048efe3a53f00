"""The outside services that tests need, started by the tests themselves: PostgreSQL, Redis, Chromium."""
