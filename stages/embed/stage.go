package embed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/tensor"
)

// pieceSize is how many texts are encoded at once: enough for every thread and
// a GPU, few enough to stop within a second.
const pieceSize = 512

// Stage is the stage kind "embed".
type Stage struct {
	kind    string
	formats []Format
}

// New returns the stage kind "embed" that reads static models and more.
func New(more ...Format) *Stage {
	return NewKind("embed", append([]Format{staticFormat()}, more...)...)
}

// NewKind returns a stage that differs from "embed" in its kind and formats
// only, for a plugin: a kind has one owner.
func NewKind(kind string, formats ...Format) *Stage { return &Stage{kind: kind, formats: formats} }

// Spec implements stages.Stage.
func (s *Stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    s.kind,
		Version: "1",
		Doc:     "Turns the texts of a retrieval set into vectors.",
		Inputs: []stages.Port{
			{Name: "model", Arity: stages.One, Doc: "A model folder from a train stage, or in the Hugging Face layout."},
			{Name: "retrieval", Arity: stages.One, Doc: "A retrieval set in BEIR layout."},
		},
		Outputs: []stages.Port{{
			Name: "embeddings", Dir: true,
			Doc: "queries.npy and corpus.npy: float32, a row for each line of queries.jsonl and corpus.jsonl, of length 1.",
		}},
	}
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) error {
	if err := job.Decode(&struct{}{}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	encoder, err := s.load(job.Path("model"), max(1, job.Threads))
	if err != nil {
		return err
	}
	out := job.Out["embeddings"]
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	w := &writer{encoder: encoder, job: job}
	set := job.Path("retrieval")
	queries, err := embed(ctx, w, Query, filepath.Join(set, "queries.jsonl"), filepath.Join(out, "queries.npy"),
		func(q corpus.Query) string { return q.Text })
	if err != nil {
		return err
	}
	docs, err := embed(ctx, w, Passage, filepath.Join(set, "corpus.jsonl"), filepath.Join(out, "corpus.npy"),
		func(d corpus.Doc) string { return strings.TrimSpace(d.Title + " " + d.Text) }) // as BEIR joins them
	if err != nil {
		return err
	}
	job.Logf("%d queries and %d documents in %d dimensions", queries, docs, encoder.Dim())
	return nil
}

// load reads the model with the format that its config.json asks for.
func (s *Stage) load(dir string, threads int) (Encoder, error) {
	file := filepath.Join(dir, "config.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var config struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, file, err)
	}
	n := slices.IndexFunc(s.formats, func(f Format) bool { return f.ModelType == config.ModelType })
	if n < 0 {
		known := make([]string, len(s.formats))
		for i, f := range s.formats {
			known[i] = f.ModelType
		}
		return nil, fmt.Errorf("%w: %s: this build reads no models of type %q, only %s. Declare the plugin that does",
			stages.ErrInput, file, config.ModelType, strings.Join(known, ", "))
	}
	return s.formats[n].Load(dir, threads)
}

// writer encodes texts piece by piece.
type writer struct {
	encoder Encoder
	job     *stages.Job
	done    int64
}

// embed writes the vectors of the lines of a JSON Lines file to the new .npy
// file and returns how many they are.
func embed[T any](ctx context.Context, w *writer, role Role, from, to string, text func(T) string) (n int, err error) {
	npy, err := tensor.CreateNPY(to, w.encoder.Dim())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, npy.Close()) }()
	piece := make([]string, 0, pieceSize)
	flush := func() error {
		n += len(piece)
		defer func() { piece = piece[:0] }()
		return w.write(ctx, npy, role, piece)
	}
	if err := corpus.ReadLines(from, func(line T) error {
		piece = append(piece, text(line))
		if len(piece) == pieceSize {
			return flush()
		}
		return nil
	}); err != nil {
		return n, err
	}
	return n, flush()
}

func (w *writer) write(ctx context.Context, npy *tensor.NPYWriter, role Role, texts []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(texts) == 0 {
		return nil
	}
	vectors, err := w.encoder.Encode(ctx, role, texts)
	if err != nil {
		return err
	}
	if len(vectors) != len(texts) {
		return fmt.Errorf("the encoder made %d vectors of %d texts", len(vectors), len(texts))
	}
	for i, v := range vectors {
		if slices.ContainsFunc(v, func(x float32) bool { return x-x != 0 }) { // infinite or no number
			return fmt.Errorf("the model gives no finite vector for %q: it may have diverged in training", texts[i])
		}
		if err := npy.Write(v); err != nil {
			return err
		}
	}
	w.done += int64(len(texts))
	w.job.Progress(w.done, 0, "texts")
	return nil
}
