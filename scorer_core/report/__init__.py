"""All that is shown of a run: summary.json and report.html."""
