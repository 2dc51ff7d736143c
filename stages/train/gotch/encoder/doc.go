//go:build gotch

// Package encoder is the forward pass of BERT and XLM-R dual encoders on
// libtorch.
//
// In comes a model folder (package hf) or the shape of a new model; Forward
// turns the ids of texts into vectors of length 1:
//
//	embeddings → layers of self-attention and feed-forward → pooling → dense → L2 norm
//
// The order of operations is that of BERT (arXiv 1810.04805) as Hugging Face's
// transformers has it, with the layer norm behind each residual connection.
// Weights are those of hf.Model.Weights, in that order.
package encoder
