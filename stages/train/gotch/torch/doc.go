//go:build gotch

// Package torch is libtorch for the trainer: gotch's operations under rules of
// memory and threads that make them safe, and the functions that gotch lacks.
//
// Everything happens in Run, which gives a function an OS thread of its own.
// Tensors and scalars belong to the innermost arena of their thread and are
// freed when it ends:
//
//	err := torch.Run(ctx, torch.Options{Threads: 1, Seed: 7}, func(t *torch.Thread) error {
//		weights := torch.Of(values, 64, 1).MustSetRequiresGrad(true, false) // as long as Run
//		for range steps {
//			err := t.Arena(func() error {
//				…                                                        // until here
//			})
//			…
//
// Where libtorch throws, the functions here and gotch's Must functions panic with
// a ts.Failure, which Arena and Run return as an error; formulas stay readable,
// and nothing leaks.
//
// The package needs the copy of gotch that internal/gotchfit makes, and the
// build tag gotch.
package torch
