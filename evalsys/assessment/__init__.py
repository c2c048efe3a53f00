"""The annual assessment: where the scores of a year end up."""
