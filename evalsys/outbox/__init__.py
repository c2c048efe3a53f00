"""Work to be done after a transaction: the job table is the truth, a worker or broker only wakes it."""
