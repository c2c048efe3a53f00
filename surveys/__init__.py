"""Survey method for departmental conduct evaluation: sampling, questionnaires, outcomes, weights, estimates, scores.

Plain Python over numpy and scipy; knows nothing of web, database, telephone provider or wall clock.
"""
