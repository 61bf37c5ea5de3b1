"""Where bytes are kept: one contract, several backends."""
