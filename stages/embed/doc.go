// Package embed turns texts into vectors.
//
// In come a model folder and a retrieval set; out comes a folder with two
// NumPy arrays of float32, queries.npy and corpus.npy, whose rows stand in the
// order of queries.jsonl and corpus.jsonl and have length 1, so that a dot
// product is a cosine. Texts pass through in pieces: memory does not grow with
// the corpus.
//
// The parameter backend chooses the Format that reads the model; one for
// transformers comes as a plugin. What the model's config.json says must fit.
package embed
