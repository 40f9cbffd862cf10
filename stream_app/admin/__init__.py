"""What operators do by hand: topics, doctor, produce and the dead letters."""
