"""Many resources at once: reading tables and folders, importing them without doubles, exporting them again."""
