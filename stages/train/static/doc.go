// Package static is an encoder in pure Go: a text's vector is the weighted sum
// of the vectors of its words and character n-grams, which are learned.
//
// In come batches of questions with their passages, out comes a Model, which
// is saved in the Hugging Face layout. It learns in seconds on a CPU, so that a
// workflow can be tried from end to end, and it starts as a lexical matcher:
// what batches teach it beyond that shows quickly.
//
// Equal seeds and batches give equal bytes whatever the number of threads: all
// sums are taken in an order that does not depend on it. They may differ between
// processor architectures, as gonum's kernels do.
package static
