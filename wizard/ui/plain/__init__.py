"""Plain mode: the walk as questions and answers, on any terminal. Never imports Textual; draws no panes."""
