//go:build gotch

// Package trainer is the backend "transformer" of the stage kind "train": it
// trains BERT and XLM-R encoders on libtorch.
//
// The initial weights come from a model folder, or are random for a vocabulary
// made of the training texts. A step takes the texts of a batch as follows:
//
//	ids → chunks of texts of like length → vectors → InfoNCE → gradients → clipping → AdamW
//
// If a batch does not fit into memory, its gradient is computed from chunks of
// limited size with the vectors' gradients kept in between (GradCache, arXiv
// 2101.06983), which gives the same numbers but for rounding and for which
// neurons dropout takes. Running out of memory halves the chunks and goes on.
//
// All chance comes from the seed, the step and the chunk, so that a step
// depends on nothing but the weights before it: what was killed goes on from
// its checkpoint and ends with the same bits.
package trainer
