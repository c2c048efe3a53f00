"""Special supervisors: invited to a round, part of its draw, following its interviews without identity, signing minutes."""
