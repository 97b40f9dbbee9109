"""The SDK's integrations, each with the real framework."""
