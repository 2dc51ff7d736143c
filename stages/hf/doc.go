// Package hf reads and writes the model folders of text encoders in the layout
// of Hugging Face's transformers and of sentence-transformers: BERT, XLM-R and
// LaBSE.
//
// In comes a folder, out come a Model (sizes, pooling, an optional dense layer,
// prompts) and its weights as float32, one after another; and the reverse. What
// a folder asks for that the forward pass here would not do is refused by name,
// so that vectors never differ in silence from those of the reference. The
// forward pass itself is elsewhere: this package is pure Go.
package hf
