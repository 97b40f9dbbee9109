"""From parameters to answers: parse, plan, run."""
