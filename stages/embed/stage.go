package embed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/tensor"
)

// pieceSize is how many texts are encoded at once: enough to sort them by length
// and to fill a GPU with each length, few enough that their vectors are some MB.
const pieceSize = 4096

// Stage is the stage kind "embed".
type Stage struct {
	kind    string
	formats []Format
}

// New returns the stage kind "embed", which reads static models.
func New() *Stage { return NewKind("embed", staticFormat()) }

// NewKind returns a stage that differs from "embed" in its kind and formats
// only, the first of which is the default; for a plugin that adds a backend.
func NewKind(kind string, formats ...Format) *Stage { return &Stage{kind: kind, formats: formats} }

// Spec implements stages.Stage.
func (s *Stage) Spec() stages.Spec {
	choice := &stages.Choice{Param: "backend"}
	for _, f := range s.formats {
		choice.Variants = append(choice.Variants, f.Variant)
	}
	first, _ := json.Marshal(choice.Variants[0].Name) // a string always encodes
	return stages.Spec{
		Kind:    s.kind,
		Version: "1",
		Doc:     "Turns the texts of a retrieval set into vectors.",
		Params: []stages.Param{
			{Name: "backend", Type: "string", Default: string(first), Doc: "What reads the model and computes: the backend that trained it."},
		},
		Choice: choice,
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

// Check implements stages.Checker.
func (s *Stage) Check(params json.RawMessage) error {
	_, _, err := s.parse(params)
	return err
}

// parse returns the format that the parameters choose, and its own.
func (s *Stage) parse(params json.RawMessage) (Format, json.RawMessage, error) {
	name, shared, own, err := s.Spec().SplitParams(params)
	if err == nil {
		err = stages.DecodeParams(shared, &struct {
			Backend string `json:"backend"`
		}{})
	}
	if err != nil {
		return Format{}, nil, err
	}
	names := make([]string, len(s.formats))
	for i, f := range s.formats {
		if names[i] = f.Variant.Name; names[i] != name {
			continue
		}
		if f.Check != nil {
			err = f.Check(own)
		}
		if bad := (*stages.ParamError)(nil); errors.As(err, &bad) {
			err = &stages.ParamError{Param: stages.VariantName(name, bad.Param), Problem: bad.Problem, Hint: bad.Hint}
		}
		return f, own, err
	}
	return Format{}, nil, &stages.ParamError{
		Param: "backend", Problem: fmt.Sprintf("there is no backend %q", name),
		Hint: fmt.Sprintf("There are: %s. A plugin that brings another has its name", strings.Join(names, ", ")),
	}
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) (err error) {
	format, own, err := s.parse(job.Params)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := job.Path("model")
	if err := s.fits(format, dir); err != nil {
		return err
	}
	encoder, err := format.Load(dir, own, job)
	if err != nil {
		return err
	}
	if c, ok := encoder.(io.Closer); ok {
		defer func() { err = errors.Join(err, c.Close()) }()
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

// fits refuses a model that the format does not read, by its config.json.
func (s *Stage) fits(format Format, dir string) error {
	file := filepath.Join(dir, "config.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return fmt.Errorf("%w: %s: %w", stages.ErrInput, file, err)
	}
	if slices.Contains(format.ModelType, config.ModelType) {
		return nil
	}
	way := `Choose the one that trained it: backend = "transformer" is for BERT and XLM-R`
	for _, f := range append(slices.Clone(s.formats), staticFormat()) { // a plugin's stage has only its own
		if slices.Contains(f.ModelType, config.ModelType) {
			way = fmt.Sprintf("Choose backend = %q", f.Variant.Name)
		}
	}
	return fmt.Errorf("%w: %s: backend %s reads no models of the type %q, only %s. %s",
		stages.ErrInput, file, format.Variant.Name, config.ModelType, strings.Join(format.ModelType, ", "), way)
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
