"""`org-analytics`, the command of developers' machines: it derives sessions here and sends their numbers. No Django."""
