"""What people and programs are told of a running server: log lines and event lines."""
