"""What every engine promises."""
