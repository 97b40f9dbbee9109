"""From drafts to rows on disk: the steps every event passes, and the one writer."""
