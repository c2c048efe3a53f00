"""Results as people look at them: tables of words and numbers, figures for the screen, spreadsheets. Knows no database."""
