"""People: the performer, its body and its moves."""
