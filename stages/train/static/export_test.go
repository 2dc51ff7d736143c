package static

import "slices"

// Gradient returns the loss of a batch and its gradient by the rows that the
// batch touches.
func (t *Trainer) Gradient(queries, passages []string, masked func(i, j int) bool) (float64, map[uint32][]float32) {
	ids := t.features.of(slices.Concat(queries, passages), t.options.Threads)
	loss, grad := t.gradient(ids, len(queries), masked)
	touched, texts := t.inverse.of(ids)
	byRow := map[uint32][]float32{}
	for k, b := range touched {
		g := make([]float32, t.model.Dim)
		for _, text := range texts(k) {
			axpy(t.model.weights[b], grad[text], g)
		}
		byRow[b] = g
	}
	return loss, byRow
}

// Row returns the vector of a bucket, which may be changed.
func (m *Model) Row(b uint32) []float32 { return m.row(b) }

// Weights returns the weights of the buckets.
func (m *Model) Weights() []float32 { return m.weights }

// Features returns the buckets of a text.
func (c Config) Features(text string) []uint32 { return c.features(nil, text) }

// Adam exposes the optimiser.
type Adam struct{ *adam }

// NewAdam returns the optimiser of m.
func NewAdam(m *Model, weightDecay float64) Adam { return Adam{newAdam(m, weightDecay)} }

// Step steps the row of a bucket.
func (a Adam) Step(b uint32, gradient []float32, lr float64) {
	a.step(b, gradient, float64(dot(gradient, gradient)), lr)
}
