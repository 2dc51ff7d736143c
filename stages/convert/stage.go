package convert

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"repro/stages"
	"repro/stages/corpus"
)

// The output ports.
const (
	portPairs     = "pairs"
	portRetrieval = "retrieval"
)

// New returns the stage "convert".
func New() stages.Stage { return stage{} }

type stage struct{}

type params struct {
	Format       string   `json:"format"`
	Dataset      string   `json:"dataset"`
	Langs        []string `json:"langs"`
	Passage      string   `json:"passage"`
	Origin       string   `json:"origin"`
	DedupQueries bool     `json:"dedup_queries"`
	Retrieval    bool     `json:"retrieval"`
}

// Spec implements stages.Stage.
func (stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "convert",
		Version: "1",
		Doc:     "Turns question answering datasets into training pairs and a retrieval set.",
		Params: []stages.Param{
			{Name: "format", Type: "string", Doc: `Format of the input: "squad" (SQuAD v1.1 JSON), "lareqa" (XQuAD-R, MLQA-R) or "parallel" (JSON Lines with id, question, passage).`},
			{Name: "dataset", Type: "string", Doc: "Name of the dataset, written to each pair."},
			{Name: "langs", Type: "list(string)", Doc: "Language of each input file, ISO 639-1, in the order of input."},
			{Name: "passage", Type: "string", Default: `"sentence"`, Doc: `Passage of a pair: "sentence" (the one that holds the beginning of the answer) or "paragraph"; no difference for the format "parallel".`},
			{Name: "origin", Type: "string", Default: `"original"`, Doc: "How the text came to be, written to each pair."},
			{Name: "dedup_queries", Type: "bool", Default: "false", Doc: "Keeps only the first of the queries of a language with equal text in the retrieval set; pairs and candidates stay."},
			{Name: "retrieval", Type: "bool", Default: "true", Doc: "Whether to write the retrieval set: false spares its size for data that is only trained on."},
		},
		Inputs: []stages.Port{
			{Name: "input", Arity: stages.List, Doc: "One file for each language."},
		},
		Outputs: []stages.Port{
			{Name: portPairs, Doc: "Training pairs as JSON Lines: by question in order of first appearance, then by language in the order of langs."},
			{Name: portRetrieval, Dir: true, Doc: "Retrieval set in BEIR layout: every sentence is a candidate; a query's answers in all languages are relevant."},
		},
	}
}

// Check implements stages.Checker.
func (stage) Check(raw json.RawMessage) error {
	_, err := decode(raw)
	return err
}

// Outputs implements stages.Outputter: without retrieval there are only pairs.
func (s stage) Outputs(raw json.RawMessage) ([]stages.Port, error) {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return nil, err
	}
	ports := s.Spec().Outputs
	if !p.Retrieval {
		ports = ports[:1]
	}
	return ports, nil
}

func decode(raw json.RawMessage) (params, error) {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return p, err
	}
	if _, ok := readers[p.Format]; !ok {
		return p, &stages.ParamError{Param: "format", Problem: fmt.Sprintf("unknown format %q", p.Format),
			Hint: "Formats are " + strings.Join(slices.Sorted(maps.Keys(readers)), ", ") + "."}
	}
	if p.Dataset == "" {
		return p, &stages.ParamError{Param: "dataset", Problem: "is empty"}
	}
	if p.Passage != "sentence" && p.Passage != "paragraph" {
		return p, &stages.ParamError{Param: "passage", Problem: fmt.Sprintf("unknown passage %q", p.Passage),
			Hint: "It is sentence or paragraph."}
	}
	if len(p.Langs) == 0 {
		return p, &stages.ParamError{Param: "langs", Problem: "is empty", Hint: "Name the language of each input file."}
	}
	for i, lang := range p.Langs {
		if lang == "" || strings.ContainsFunc(lang, badInID) || strings.Contains(lang, ":") {
			return p, &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("%q is not a language", lang), Hint: `Use ISO 639-1: "de".`}
		}
		if slices.Contains(p.Langs[:i], lang) {
			return p, &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("%q occurs twice", lang), Hint: "Give one file for each language."}
		}
	}
	return p, nil
}

// badInID reports whether r would break the tab-separated judgements of a
// retrieval set, or the tools that split them at any white space.
func badInID(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// Run implements stages.Stage.
func (stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := decode(job.Params)
	if err != nil {
		return err
	}
	files := job.Paths("input")
	if len(files) != len(p.Langs) {
		return &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("names %d languages for %d input files", len(p.Langs), len(files)),
			Hint: "Give one language for each file, in the same order."}
	}
	langs, err := readLanguages(ctx, job, p, files)
	if err != nil {
		return err
	}
	pairs := pairsOf(langs, p)
	job.Logf("%d pairs of %d languages", len(pairs), len(langs))
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := corpus.WriteLines(job.Out[portPairs], pairs); err != nil {
		return err
	}
	if !p.Retrieval {
		return nil
	}
	set := setOf(langs, p.DedupQueries)
	job.Logf("%d candidates, %d queries, %d judgements", len(set.Docs), len(set.Queries), len(set.Qrels))
	if err := ctx.Err(); err != nil {
		return err
	}
	return corpus.WriteSet(job.Out[portRetrieval], set)
}
