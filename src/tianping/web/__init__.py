"""The console: pages and an API over what `work` gives. No SQL, no rules."""
