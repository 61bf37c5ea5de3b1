"""The one internal description of a learning resource, its rules and its translations into other formats."""
