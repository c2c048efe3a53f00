"""Programmes, their configuration documents, and rounds."""
