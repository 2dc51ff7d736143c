package evaluate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"repro/stages"
)

// What can rank the documents.
const (
	rankEmbeddings = "embeddings"
	rankRun        = "run"
	rankRandom     = "random"
	rankBM25       = "bm25"
)

// The settings, in the order of every output.
const (
	monolingual  = "monolingual"
	crossLingual = "cross-lingual"
	multilingual = "multilingual"
)

// What becomes of a query without an answer in the target language.
const (
	missingSkip = "skip"
	missingZero = "zero"
)

type params struct {
	Ranking  string   `json:"ranking"`
	Settings []string `json:"settings"`
	RecallAt []int    `json:"recall_at"`
	NDCGAt   []int    `json:"ndcg_at"`
	Missing  string   `json:"missing"`
	BiasAt   int      `json:"bias_at"`
	RunDepth int      `json:"run_depth"`

	bm25 bm25Params // for a ranking by BM25
}

type bm25Params struct {
	K1        float64 `json:"k1"`
	B         float64 `json:"b"`
	Identical bool    `json:"ignore_identical_ids"`
}

// parseParams reads and checks the parameters. Cut-offs come out sorted and
// without duplicates: their order means nothing.
func parseParams(raw json.RawMessage) (params, error) {
	var p params
	_, shared, own, err := New().Spec().SplitParams(raw)
	if err == nil {
		err = stages.DecodeParams(shared, &p)
	}
	if err != nil {
		return p, err
	}
	if err := oneOf("ranking", p.Ranking, rankEmbeddings, rankRun, rankRandom, rankBM25); err != nil {
		return p, err
	}
	if p.Ranking == rankBM25 {
		if err := p.bm25.parse(own); err != nil {
			return p, err
		}
	}
	if err := oneOf("missing", p.Missing, missingSkip, missingZero); err != nil {
		return p, err
	}
	if len(p.Settings) == 0 {
		return p, &stages.ParamError{Param: "settings", Problem: "is empty", Hint: "Leave it out to score all settings."}
	}
	for _, s := range p.Settings {
		if err := oneOf("settings", s, monolingual, crossLingual, multilingual); err != nil {
			return p, err
		}
	}
	for _, at := range []struct {
		name   string
		values []int
	}{
		{"recall_at", p.RecallAt}, {"ndcg_at", p.NDCGAt},
		{"bias_at", []int{p.BiasAt}}, {"run_depth", []int{p.RunDepth}},
	} {
		for _, k := range at.values {
			if k < 1 {
				return p, &stages.ParamError{Param: at.name, Problem: fmt.Sprintf("%d is not a rank", k), Hint: "Ranks start at 1."}
			}
		}
	}
	p.RecallAt = ascending(p.RecallAt)
	p.NDCGAt = ascending(p.NDCGAt)
	return p, nil
}

func (p *bm25Params) parse(raw json.RawMessage) error {
	if err := stages.DecodeParams(raw, p); err != nil {
		return err
	}
	switch {
	case p.K1 < 0:
		return &stages.ParamError{Param: stages.VariantName(rankBM25, "k1"), Problem: fmt.Sprintf("%v is negative", p.K1), Hint: "Usual are 0.9 to 2."}
	case p.B < 0 || p.B > 1:
		return &stages.ParamError{Param: stages.VariantName(rankBM25, "b"), Problem: fmt.Sprintf("%v is out of range", p.B), Hint: "Give a number from 0 to 1."}
	}
	return nil
}

func oneOf(param, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return &stages.ParamError{
		Param:   param,
		Problem: fmt.Sprintf("unknown value %q", value),
		Hint:    "Use one of: " + strings.Join(allowed, ", ") + ".",
	}
}

func ascending(values []int) []int {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}
