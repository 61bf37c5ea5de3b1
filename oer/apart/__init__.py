"""Processes apart for other people's files: started with bounds, ended with all that they have started."""
