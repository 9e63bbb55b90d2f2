// The face for a loop of one's own.
