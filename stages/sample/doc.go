// Package sample decides which rows a model sees together: the subject of the
// paper.
//
// In come files of training pairs, any number of datasets and languages; out
// comes a folder with the pool of pairs and, one line a step, the batches that
// were drawn from it. Batches are an artifact of their own, made before and
// apart from training, so that every model is trained on exactly the same ones,
// the arms of a comparison see equally many examples, and a person can read
// what the model saw.
//
// A Method is a way to draw batches; Methods lists those of the paper, x-x,
// x-x-mono, x-y and hybrid, and SimCSE's, which it is compared with. A plugin
// brings another one as a Method of its own.
package sample
