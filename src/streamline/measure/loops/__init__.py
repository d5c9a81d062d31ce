"""What comes back: loops, what they take, what goes together with them, ping-pong, like cases without them."""
