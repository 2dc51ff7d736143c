// Package translate turns training pairs of one language into pairs of another,
// with Apertium or with any program that translates line by line.
//
// In come pairs as JSON Lines; out come the same pairs, by the same
// identifiers and in the same order, in the other language. Each distinct text
// is translated once, and not at all if a Memory knows it from an earlier run.
//
// That only works if the translation of a text depends on nothing but the text.
// Apertium promises that, but does not keep it: see pipeline.
package translate
