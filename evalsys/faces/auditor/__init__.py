"""The auditor's face: the log of acts, and whether it was touched."""
