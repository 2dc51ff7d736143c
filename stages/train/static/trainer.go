package static

import (
	"math"
	"slices"
)

// Options say how to train. The temperature must be positive.
type Options struct {
	Temperature float64
	WeightDecay float64 // decoupled, applied to the rows that a step touches
	Threads     int     // at least 1; does not change the result
}

// Trainer changes a model, step by step.
type Trainer struct {
	model    *Model
	options  Options
	adam     *adam
	features *featureCache
	inverse  inverse
}

// NewTrainer returns a trainer that changes model.
func NewTrainer(model *Model, options Options) *Trainer {
	options.Threads = max(1, options.Threads)
	return &Trainer{
		model: model, options: options,
		adam:     newAdam(model, options.WeightDecay),
		features: &featureCache{config: model.Config, ids: map[string][]uint32{}},
		inverse:  inverse{count: make([]uint32, model.Buckets)},
	}
}

// Step takes one step with learning rate lr on a batch where passages[i]
// answers queries[i]; passages beyond those are negatives of every query. The
// loss is InfoNCE over cosines (docs of package train); masked(i, j) says that
// passage j is not to count as a negative of query i. It returns the loss and
// the norm of its gradient before the step.
func (t *Trainer) Step(queries, passages []string, masked func(i, j int) bool, lr float64) (loss, gradNorm float64) {
	ids := t.features.of(slices.Concat(queries, passages), t.options.Threads)
	loss, grad := t.gradient(ids, len(queries), masked)
	return loss, t.update(ids, grad, lr)
}

// gradient returns the loss of a batch of so many rows and its derivatives by
// the texts' sums of rows of the table, before normalization: queries first,
// then passages.
func (t *Trainer) gradient(ids [][]uint32, rows int, masked func(i, j int) bool) (loss float64, grad [][]float32) {
	n := len(ids)
	encoded, factor := matrix(n, t.model.Dim), make([]float32, n)
	forEach(t.options.Threads, n, func(i int) {
		t.model.sum(encoded[i], ids[i])
		factor[i] = normalize(encoded[i])
	})
	queries, passages := encoded[:rows], encoded[rows:]
	losses, byScore := make([]float64, rows), matrix(rows, len(passages))
	forEach(t.options.Threads, rows, func(i int) {
		losses[i] = t.infoNCE(byScore[i], i, queries, passages, masked)
	})
	grad = matrix(n, t.model.Dim)
	forEach(t.options.Threads, n, func(i int) {
		if i < rows {
			for j, p := range passages {
				axpy(byScore[i][j], p, grad[i])
			}
		} else {
			for j, q := range queries {
				axpy(byScore[j][i-rows], q, grad[i])
			}
		}
		// Through v/|v|: what points along v is lost, the rest shrinks with |v|.
		axpy(-dot(grad[i], encoded[i]), encoded[i], grad[i])
		scale(factor[i], grad[i])
	})
	for _, l := range losses {
		loss += l / float64(rows)
	}
	return loss, grad
}

// infoNCE returns the loss of row i and writes the derivatives of the batch's
// mean loss by the cosines of row i to grad.
func (t *Trainer) infoNCE(grad []float32, i int, queries, passages [][]float32, masked func(i, j int) bool) float64 {
	scores := make([]float64, len(passages))
	highest := math.Inf(-1)
	for j, p := range passages {
		scores[j] = math.Inf(-1)
		if i == j || !masked(i, j) {
			scores[j] = float64(dot(queries[i], p)) / t.options.Temperature
			highest = max(highest, scores[j])
		}
	}
	sum := 0.0
	for _, s := range scores {
		sum += math.Exp(s - highest)
	}
	for j, s := range scores {
		g := math.Exp(s-highest) / sum
		if i == j {
			g--
		}
		grad[j] = float32(g / t.options.Temperature / float64(len(queries)))
	}
	return math.Log(sum) + highest - scores[i]
}

// updateParts is into how many parts the touched rows are divided for threads
// to take; it must not follow their number, as each part sums up a norm.
const updateParts = 64

// update steps every row that the texts touch and returns the norm of the
// gradient over them. Each row's gradient is summed in the order of the texts.
func (t *Trainer) update(ids [][]uint32, grad [][]float32, lr float64) float64 {
	touched, texts := t.inverse.of(ids)
	var squares [updateParts]float64
	forEach(t.options.Threads, updateParts, func(part int) {
		g := make([]float32, t.model.Dim)
		for k := part; k < len(touched); k += updateParts {
			clear(g)
			for _, text := range texts(k) {
				axpy(t.model.weights[touched[k]], grad[text], g)
			}
			square := float64(dot(g, g))
			squares[part] += square
			t.adam.step(touched[k], g, square, lr)
		}
	})
	sum := 0.0
	for _, s := range squares {
		sum += s
	}
	return math.Sqrt(sum)
}

// matrix returns n rows of dim zeros in one piece of memory.
func matrix(n, dim int) [][]float32 {
	data, rows := make([]float32, n*dim), make([][]float32, n)
	for i := range rows {
		rows[i] = data[i*dim : (i+1)*dim]
	}
	return rows
}
