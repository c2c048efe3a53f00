"""Fieldwork: the ledger of attempts, and one door through which every channel records its answers."""
