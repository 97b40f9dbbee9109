"""The SDK beside others: what a call costs, what arrives, what is kept in memory."""
