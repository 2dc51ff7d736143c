//go:build gotch

// Package embedder is the backend "transformer" of the stage kind "embed": it
// turns texts into vectors with BERT, XLM-R and LaBSE encoders on libtorch.
//
// Texts are taken in order of length, as many at once as fill a number of
// tokens, so that little is computed for padding.
package embedder

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"repro/stages"
	"repro/stages/embed"
	"repro/stages/hf"
	"repro/stages/tokenize"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
	"repro/stages/train/gotch/trainer"
)

// model is an embed.Encoder whose tensors live on a thread of their own.
type model struct {
	params
	model     *hf.Model
	tokenizer tokenize.Tokenizer
	job       *stages.Job
	requests  chan request
	ended     chan struct{} // closed when the thread has ended
	err       error         // what it ended with; to be read behind ended
	close     sync.Once
}

// params are the parameters that this backend alone reads, as Format has them.
type params struct {
	BatchTokens   int    `json:"batch_tokens"`
	QueryLength   *int   `json:"query_length"`
	PassageLength *int   `json:"passage_length"`
	Device        string `json:"device"`
	Precision     string `json:"precision"`
	Threads       int    `json:"threads"`
}

// request asks the thread for the vectors of texts.
type request struct {
	ctx   context.Context
	texts [][]int32
	reply chan<- reply
}

type reply struct {
	vectors [][]float32
	err     error
}

// load reads the model folder dir.
func load(dir string, p params, job *stages.Job) (*model, error) {
	device, err := trainer.Device(p.Device)
	if err != nil {
		return nil, err
	}
	if device.IsCuda() {
		job.SetClass("tolerant") // sums are taken in another order for other batches
	}
	m := &model{params: p, job: job, requests: make(chan request), ended: make(chan struct{})}
	if m.model, err = hf.Open(dir); err != nil {
		return nil, err
	}
	files, err := hf.TokenizerDir(dir)
	if err != nil {
		return nil, err
	}
	if m.tokenizer, err = tokenize.Load(files); err != nil {
		return nil, err
	}
	if m.tokenizer.Size() > m.model.Config.Vocab {
		return nil, fmt.Errorf("%w: %s: the tokenizer has ids up to %d, the embedding matrix has %d rows",
			stages.ErrInput, dir, m.tokenizer.Size()-1, m.model.Config.Vocab)
	}
	ready := make(chan struct{})
	go func() {
		defer close(m.ended)
		m.err = torch.Run(context.Background(), torch.Options{Threads: p.Threads}, func(t *torch.Thread) error {
			e, err := encoder.Load(t, m.model, dir, device)
			if err != nil {
				return err
			}
			e.Autocast = p.Precision == "bfloat16"
			close(ready)
			t.NoGrad(func() {
				for r := range m.requests {
					vectors, err := m.encode(r.ctx, t, e, r.texts)
					r.reply <- reply{vectors, err}
				}
			})
			return nil
		})
	}()
	select {
	case <-ready:
		return m, nil
	case <-m.ended:
		return nil, m.err
	}
}

// Dim implements embed.Encoder.
func (m *model) Dim() int { return m.model.Dim() }

// Encode implements embed.Encoder.
func (m *model) Encode(ctx context.Context, role embed.Role, texts []string) ([][]float32, error) {
	prompt, length := m.model.Prompts["passage"], m.PassageLength
	if role == embed.Query {
		prompt, length = m.model.Prompts["query"], m.QueryLength
	}
	most := m.model.MaxLength
	if length != nil {
		most = min(most, *length)
	}
	replied := make(chan reply, 1)
	select {
	case m.requests <- request{ctx, tokenizeAll(m.tokenizer, prompt, texts, most), replied}:
	case <-m.ended:
		return nil, m.err
	}
	select {
	case r := <-replied:
		return r.vectors, r.err
	case <-m.ended: // libtorch failed outside of a batch
		return nil, m.err
	}
}

// Close frees the model.
func (m *model) Close() error {
	m.close.Do(func() { close(m.requests) })
	<-m.ended
	return m.err
}

// tokenizeAll uses all processors: ids do not depend on how many there are.
func tokenizeAll(t tokenize.Tokenizer, prompt string, texts []string, most int) [][]int32 {
	ids := make([][]int32, len(texts))
	workers := min(runtime.GOMAXPROCS(0), len(texts))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(texts); i += workers {
				ids[i] = t.Encode(prompt+texts[i], most)
			}
		})
	}
	wg.Wait()
	return ids
}

// encode returns the vectors of texts in their order. When memory runs out it
// goes on with fewer tokens at once.
func (m *model) encode(ctx context.Context, t *torch.Thread, e *encoder.Encoder, texts [][]int32) ([][]float32, error) {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[b]), len(texts[a])) })
	vectors := make([][]float32, len(texts))
	for len(order) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(max(1, m.BatchTokens/max(1, len(texts[order[0]]))), len(order))
		batch := make([][]int32, n)
		for i, at := range order[:n] {
			batch[i] = texts[at]
		}
		err := t.Arena(func() error {
			values := torch.Values[float32](e.Forward(batch, false))
			for i, at := range order[:n] {
				vectors[at] = values[i*m.Dim() : (i+1)*m.Dim()]
			}
			return nil
		})
		switch {
		case err == nil:
			order = order[n:]
		case torch.OutOfMemory(err) && n > 1:
			m.BatchTokens = (n + 1) / 2 * len(batch[0])
			m.job.SetClass("tolerant") // sums are taken in another order now
			if err := t.Arena(func() error { torch.FreeCache(); return nil }); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
	}
	return vectors, nil
}
