"""The proof: the field's own test objects, imaged by the same machine, measured as physicists do."""
