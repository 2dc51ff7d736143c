// Package overlap is the stage kind that looks for evaluation data in training
// data. In come training pairs and a retrieval set; out come shares of the
// set's questions and passages that the pairs hold too, exactly or nearly, and
// the texts themselves.
//
// The set is indexed and the pairs are streamed past it, so that memory is
// bounded by the set. Near duplicates are found by exact set similarity search
// with prefix filtering (Bayardo, Ma and Srikant, Scaling up all pairs
// similarity search, WWW 2007): none is missed.
package overlap
