"""The evaluated units, their stations, and the areas they stand in."""
