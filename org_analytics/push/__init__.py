"""`org-analytics`, the command on developers' machines: sends statistics of coding sessions. No Django."""
