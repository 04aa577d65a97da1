"""What foreign clients say, each dialect by itself: no hub, no socket."""
