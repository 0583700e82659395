"""The vocabulary of the workbench as frozen records; standard library and numpy only."""
