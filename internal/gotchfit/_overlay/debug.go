package gotch

// Debug switches gotch's log on, which nobody reads.
const Debug = false
