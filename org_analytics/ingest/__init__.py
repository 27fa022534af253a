"""Sessions derived from transcripts. No Django here: it runs on developers' machines too."""
