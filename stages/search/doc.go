// Package search finds the nearest documents of every query, exactly.
//
// In come a retrieval set (see corpus.Set) and the embeddings of its texts; out
// comes a TREC run with the best k documents of each query by inner product.
// Every query is compared with every document: nothing is approximated. The
// vectors of documents stay in their file and are read tile by tile, so that
// memory grows with queries × k and with the identifiers of the corpus, but not
// with its vectors and texts.
//
// Of documents with equal scores, the one that stands first in the corpus comes
// first. What computes is a Backend: that in pure Go is here, and with it a score
// does not depend on where a vector stands, nor on how many threads there are.
package search
