"""The SDK in the processes it lives in: real hosts, real forks, real ends, one real server."""
