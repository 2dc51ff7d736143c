package evaluate

import (
	"context"
)

// ranker says where the answers of queries are.
type ranker interface {
	// rank returns one outcome for each query in [from, to). It may be called
	// concurrently and returns soon after ctx is done.
	rank(ctx context.Context, from, to int) ([]outcome, error)
}

// outcome is what a ranking makes of one query.
type outcome struct {
	golds []placed // in the order of pool.golds
	top   []hit    // the first documents among all languages, best first
}

// placed is where an answer of a query is. Ranks start at 1.
type placed struct {
	own   float64 // among the documents of its own language; 0 if not found
	all   float64 // among all documents; 0 if not found
	found bool    // whether the ranking lists it
	gain  int
}

// hit is a document in a ranked list.
type hit struct {
	doc   int
	score float64
}
