"""A table of points per exercise: `nbgrader export --exporter=autograder.jupyter.points.PointsPerExercise`."""

from __future__ import annotations

import csv
from typing import Any

from nbgrader.plugins import ExportPlugin

COLUMNS = (
    "assignment",
    "exercise",
    "student_id",
    "last_name",
    "first_name",
    "score",
    "max_score",
    "needs_manual_grade",
)


class PointsPerExercise(ExportPlugin):
    """Writes `grades.csv`, or the file named by `--to`."""

    def export(self, gradebook: Any) -> None:
        """Exports every graded cell: exercises by their names, written questions as `question-…`."""
        path = self.to or "grades.csv"
        self.log.info("Exporting points per exercise to %s", path)
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                for submission in sorted(assignment.submissions, key=lambda each: each.student_id):
                    if self.student and submission.student_id not in self.student:
                        continue
                    table.writerows(_rows(assignment, submission))


def _rows(assignment: Any, submission: Any) -> Any:
    student = submission.student
    for notebook in submission.notebooks:
        for grade in sorted(notebook.grades, key=lambda each: str(each.name)):
            yield (
                assignment.name,
                grade.name,
                student.id,
                student.last_name or "",
                student.first_name or "",
                f"{grade.score:g}",
                f"{grade.max_score:g}",
                "yes" if grade.needs_manual_grade else "",
            )
