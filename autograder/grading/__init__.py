"""Grading a class: submissions read, judged in the sandbox, and told as results, reports and exports."""
