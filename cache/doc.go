// Package cache holds the nouns of content addressing: a Digest names bytes,
// an Action names everything that may change the result of a stage, and a
// Store keeps blobs by digest and results by action key.
//
// In come actions and the files that stages wrote; out come the same files,
// verified, whenever the same action is asked for again. The package imports
// nothing else of this module. Implementations are below it: disk (Badger and
// files) and mem (tests).
package cache
