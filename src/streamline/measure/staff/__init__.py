"""Who works when: duty, pools, several steps at once, estimated starts, how busy people are."""
