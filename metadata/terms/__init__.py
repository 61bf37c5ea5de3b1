"""Vocabulary terms as data: one JSON file per scheme, read by ``metadata.vocabularies``, written by ``build``."""
