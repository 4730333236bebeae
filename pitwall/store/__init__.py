"""Recording, ledger and columns: what arrived, kept and proved."""
