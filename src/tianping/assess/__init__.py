"""Numbers to judgement: scores, rights, levels, violations, penalties. Pure: no SQL, no clock, no files."""
