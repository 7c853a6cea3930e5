"""The patient: one breast, or both, grown from a seed."""
