"""What every route shares: problems, limits, versions, answers, the guard around all."""
