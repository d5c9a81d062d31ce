"""What a proposed change would do: the changes, the replay of the same cases, the estimate."""
