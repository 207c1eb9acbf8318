"""The budgets of docs/benchmarks.md: whole processes, compared in one run, printed as ratios."""
