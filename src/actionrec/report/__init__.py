"""The page that a person reads: gathers what the stages wrote, words it, draws it, puts it together."""
