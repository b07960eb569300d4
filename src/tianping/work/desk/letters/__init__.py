"""Telling others what happened at the desk: webhooks, and the one POST that goes out."""
