"""Files and API rows become typed, checked, filed facts."""
