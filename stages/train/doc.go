// Package train turns batches into a model.
//
// In comes a folder of batches, drawn beforehand by the sample stage; out come
// a model folder in the Hugging Face layout and the training curve. The stage
// itself reads the batches, masks passages that must not count as negatives,
// and keeps the curve; a Backend does the learning. The package static is the
// backend in pure Go; one that trains transformers comes as a plugin, which
// serves NewKind with its own Backend as a stages.Extension.
//
// Every backend minimises the same loss, InfoNCE with in-batch negatives over
// the cosine of question and passage (arXiv 2408.10536, equation 1, with a
// temperature τ, which is 1 there): for the B rows of a batch
//
//	L = −(1/B) Σ_i log( e^{cos(q_i,p_i)/τ} / Σ_j e^{cos(q_i,p_j)/τ} )
//
// where j runs over i and, but for those that are masked for i, the other rows
// and the hard negatives that the sampler gave to any row (DPR, arXiv
// 2004.04906).
package train
