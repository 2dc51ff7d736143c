//go:build gotch

package trainer

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/sugarme/gotch"

	"repro/stages"
	"repro/stages/hf"
	"repro/stages/tokenize"
	"repro/stages/train"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

// stochastic is the class of a run whose bits are others each time.
const stochastic = "stochastic"

// Backend is a train.Backend.
type Backend struct {
	// CheckpointEvery is how long to train between two checkpoints; 0 means
	// half a minute, or more if that is little for their size.
	CheckpointEvery time.Duration
}

// Train implements train.Backend.
func (b *Backend) Train(ctx context.Context, run *train.Run) error {
	o, err := own(run.Params)
	if err != nil {
		return err
	}
	device, err := Device(o.Device)
	if err != nil {
		return err
	}
	options := torch.Options{Threads: o.Threads, Seed: run.Params.Seed, Deterministic: o.Deterministic}
	return torch.Run(ctx, options, func(t *torch.Thread) error {
		s := &training{Run: run, o: o, thread: t}
		if device.IsCuda() && !o.Deterministic {
			s.class = stochastic
			s.SetClass(s.class)
		}
		if err := s.begin(ctx, device); err != nil {
			return err
		}
		s.keeper = newKeeper(s, b.CheckpointEvery)
		if err := s.train(ctx); err != nil {
			return err
		}
		return s.save()
	})
}

// Device returns the device of that name, "cpu" or "cuda", if there is one.
func Device(name string) (gotch.Device, error) {
	if name != "cuda" {
		return gotch.CPU, nil
	}
	if !gotch.CUDA.IsAvailable() {
		return gotch.Device{}, &stages.ParamError{
			Param: "device", Problem: fmt.Sprintf("libtorch %s finds no GPU", torch.Version()),
			Hint: `A stage sees those that it asks for: resources { gpus = 1 }. What is missing is told by: repro doctor. To compute on the CPU: device = "cpu"`,
		}
	}
	return gotch.CudaBuilder(0), nil
}

// begin makes the model, its tokenizer and its optimiser.
func (s *training) begin(ctx context.Context, device gotch.Device) error {
	tokenizer, err := s.model(ctx, device)
	if err != nil {
		return err
	}
	s.encoder.Autocast = s.o.Precision == "bfloat16"
	s.lexer = newLexer(tokenizer, s.encoder.Model, s.o)
	s.optimiser = newOptimiser(s.encoder, s.Params, s.o)
	if s.o.MicroBatch != nil {
		s.limit = *s.o.MicroBatch
	}
	if err := s.beginValidation(); err != nil {
		return err
	}
	c := s.encoder.Model.Config
	s.Logf("%s: %d layers, hidden size %d, %d pieces: %.1f million weights; libtorch %s, %s, %s, %d threads",
		c.ModelType, c.Layers, c.Hidden, c.Vocab, float64(s.encoder.Weights())/1e6, torch.Version(), s.o.Device, s.o.Precision, s.o.Threads)
	return nil
}

func (s *training) beginValidation() (err error) {
	switch {
	case s.o.ValidateEvery > 0 && len(s.Validation) == 0:
		return &stages.ParamError{Param: "validate_every", Problem: "there are no pairs to validate on", Hint: "Give the input validation too"}
	case s.o.ValidateEvery == 0 && len(s.Validation) > 0:
		return &stages.ParamError{Param: "validate_every", Problem: "it is 0, so that nobody would look at the input validation", Hint: "Give a number of batches, or leave out the input"}
	case s.o.ValidateEvery == 0:
		return nil
	}
	s.validation, err = newValidation(s.Validation, s.o.ValidateEvery, s.lexer)
	for _, p := range s.encoder.Params {
		s.best = append(s.best, p.MustZerosLike(false).MustDetach(true))
	}
	return err
}

// model loads the initial encoder, or makes a new one with a vocabulary of the
// training texts, and returns its tokenizer.
func (s *training) model(ctx context.Context, device gotch.Device) (_ tokenize.Tokenizer, err error) {
	if s.Init == "" {
		s.tokenizerDir = filepath.Join(s.Dir, "tokenizer")
		v, err := tokenize.TrainWordPiece(ctx, s.Texts, s.o.VocabSize, tokenize.TrainOptions{Accents: true})
		if err != nil {
			return nil, err
		}
		if err := os.Mkdir(s.tokenizerDir, 0o755); err != nil {
			return nil, err
		}
		if err := v.Save(s.tokenizerDir); err != nil {
			return nil, err
		}
	} else if s.tokenizerDir, err = hf.TokenizerDir(s.Init); err != nil {
		return nil, fmt.Errorf("initial model: %w", err)
	}
	tokenizer, err := tokenize.Load(s.tokenizerDir)
	if err != nil {
		return nil, err
	}
	if s.Init == "" {
		m := s.o.shape(tokenizer.Size(), int(tokenizer.Pad()))
		s.o.apply(m)
		s.encoder, err = encoder.New(s.thread, m, importance(tokenizer, s.Texts), device)
		return tokenizer, err
	}
	m, err := hf.Open(s.Init)
	if err != nil {
		return nil, fmt.Errorf("initial model: %w", err)
	}
	if tokenizer.Size() > m.Config.Vocab {
		return nil, fmt.Errorf("%w: initial model: the tokenizer has ids up to %d, the embedding matrix has %d rows",
			stages.ErrInput, tokenizer.Size()-1, m.Config.Vocab)
	}
	s.o.apply(m)
	if s.encoder, err = encoder.Load(s.thread, m, s.Init, device); err != nil {
		return nil, fmt.Errorf("initial model: %w", err)
	}
	return tokenizer, nil
}

// save writes the model folder: the best weights, if validation chose some.
func (s *training) save() error {
	if s.validation != nil && s.validation.Best != nil {
		s.thread.NoGrad(func() {
			for i, p := range s.encoder.Params {
				p.Copy_(s.best[i])
			}
		})
	}
	if s.o.LearnTemp {
		s.Logf("the temperature is %.4f in the end", s.optimiser.temperature())
	}
	if err := s.encoder.Save(s.Out); err != nil {
		return err
	}
	return hf.CopyTokenizer(s.tokenizerDir, s.Out)
}

// importance returns for each id how much a token says about a text: near 1 for
// a rare one, near 0 for one that is in every text, a/(a+p) at frequency p
// (Arora et al. 2017, "A simple but tough-to-beat baseline for sentence
// embeddings"). What stands at the ends of every text says nothing.
func importance(t tokenize.Tokenizer, texts iter.Seq[string]) []float32 {
	const a = 3e-4
	counts, total := make([]float64, t.Size()), 0.0
	for text := range texts {
		for _, id := range t.Encode(text, 0) {
			counts[id]++
			total++
		}
	}
	all := make([]float32, len(counts))
	for id, n := range counts {
		all[id] = float32(a / (a + n/total))
	}
	for _, id := range t.Encode("", 0) {
		all[id] = 0
	}
	return all
}
