"""The respondent face."""
