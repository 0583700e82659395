"""Recipes: the tables of techniques and runtimes, chains of them, their plan and their size."""
