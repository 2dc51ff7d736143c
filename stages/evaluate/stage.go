package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"repro/stages"
)

// The ports of the stage.
const (
	portRetrieval  = "retrieval"
	portEmbeddings = "embeddings"
	portRun        = "run"
	portMetrics    = "metrics"
	portPerQuery   = "per_query"
	portQrels      = "qrels"
)

// Stage is the evaluate stage.
type Stage struct{}

// New returns the evaluate stage.
func New() *Stage { return &Stage{} }

// Spec implements stages.Stage.
func (*Stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "evaluate",
		Version: "2",
		Doc:     "Scores a ranking of a retrieval set in the monolingual, cross-lingual and multilingual settings.",
		Params: []stages.Param{
			{Name: "ranking", Type: "string", Default: `"embeddings"`, Doc: "What ranks the documents."},
			{Name: "settings", Type: "list(string)", Default: `["monolingual","cross-lingual","multilingual"]`, Doc: "The settings to score."},
			{Name: "recall_at", Type: "list(number)", Default: `[1,10]`, Doc: "The ranks k of Recall@k."},
			{Name: "ndcg_at", Type: "list(number)", Default: `[10]`, Doc: "The ranks k of nDCG@k."},
			{Name: "missing", Type: "string", Default: `"skip"`, Doc: `A query without an answer in the target language is left out ("skip") or scored 0 ("zero").`},
			{Name: "bias_at", Type: "number", Default: `10`, Doc: "The rank k of the language share and bias among the first k documents of the multilingual list."},
			{Name: "run_depth", Type: "number", Default: `100`, Doc: "How many documents of each query the run lists."},
		},
		Choice: &stages.Choice{Param: "ranking", Variants: []stages.Variant{
			{Name: rankEmbeddings, Doc: "The dot product of vectors."},
			{Name: rankRun, Doc: "A TREC run: what it does not list is not found."},
			{Name: rankRandom, Doc: "The exact expectation of a random order."},
			{Name: rankBM25, Doc: "BM25, the usual lexical baseline: what shares no word with the query is not found. Words are runs of letters and numbers, neighbouring characters in scripts without spaces, in lower case; there is no stemming and there are no stop words.", Params: []stages.Param{
				{Name: "k1", Type: "number", Default: "0.9", Doc: "How much a word counts that comes again, from 0; the default is Anserini's, as in BEIR."},
				{Name: "b", Type: "number", Default: "0.4", Doc: "How much long documents are held back, 0 to 1; the default is Anserini's, as in BEIR."},
				{Name: "ignore_identical_ids", Type: "bool", Default: "false", Doc: "Leaves out a document that has the query's identifier, as BEIR does: ArguAna's queries are documents."},
			}},
		}},
		Inputs: []stages.Port{
			{Name: portRetrieval, Doc: "A retrieval set in BEIR layout with languages."},
			{Name: portEmbeddings, Arity: stages.Optional, Doc: "A folder with queries.npy and corpus.npy, float32, one row for each line of the retrieval set."},
			{Name: portRun, Arity: stages.Optional, Doc: "A TREC run over the documents of all languages, in place of embeddings; it may list only the best of each query."},
		},
		Outputs: outputs(rankEmbeddings),
		Class:   "deterministic",
	}
}

func outputs(ranking string) []stages.Port {
	ports := []stages.Port{
		{Name: portMetrics, Doc: "Means over queries as a JSON array of flat objects."},
		{Name: portPerQuery, Doc: "The values of every query as JSON Lines."},
		{Name: portQrels, Doc: "The judgements in TREC format."},
	}
	if ranking != rankRandom {
		ports = append(ports, stages.Port{Name: portRun, Doc: "The best documents of each query among all languages, as a TREC run."})
	}
	return ports
}

// Outputs implements stages.Outputter: a random ranking has no run.
func (*Stage) Outputs(raw json.RawMessage) ([]stages.Port, error) {
	p, err := parseParams(raw)
	if err != nil {
		return nil, err
	}
	return outputs(p.Ranking), nil
}

// Check implements stages.Checker.
func (*Stage) Check(raw json.RawMessage) error {
	_, err := parseParams(raw)
	return err
}

// Run implements stages.Stage.
func (*Stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := parseParams(job.Params)
	if err != nil {
		return err
	}
	if err := checkInputs(job, p.Ranking); err != nil {
		return err
	}
	set, err := loadPool(job.Path(portRetrieval), p.Ranking == rankBM25)
	if err != nil {
		return err
	}
	job.Logf("%d queries, %d documents, %d languages, ranked by %s", len(set.queries), len(set.docs), len(set.langs), p.Ranking)
	e := &evaluation{params: p, pool: set, chance: chance{known: map[[2]int][2]float64{}}}
	switch p.Ranking {
	case rankEmbeddings:
		e.ranker, err = loadEmbeddings(job.Path(portEmbeddings), set, max(p.RunDepth, p.BiasAt))
	case rankRun:
		e.ranker, err = loadRun(job.Path(portRun), set)
	case rankBM25:
		e.ranker, err = newLexical(ctx, set, p.bm25, max(p.RunDepth, p.BiasAt))
	}
	if err != nil {
		return err
	}
	results, err := e.run(ctx, job)
	if err != nil {
		return err
	}
	records := e.aggregate(results)
	e.logSummary(job, records)
	err = errors.Join(
		writeMetrics(job.Out[portMetrics], records),
		e.writePerQuery(job.Out[portPerQuery], results),
		writeQrels(job.Out[portQrels], set),
	)
	if p.Ranking != rankRandom {
		err = errors.Join(err, writeRun(job.Out[portRun], set, results, p.RunDepth))
	}
	return err
}

// checkInputs refuses a missing input, and one that the ranking does not read:
// it would be part of the key for nothing.
func checkInputs(job *stages.Job, ranking string) error {
	for _, in := range []struct{ port, ranking string }{
		{portEmbeddings, rankEmbeddings},
		{portRun, rankRun},
	} {
		given, wanted := job.Path(in.port) != "", ranking == in.ranking
		if wanted && !given {
			return fmt.Errorf("ranking %q needs the input %s: give it, or choose another ranking", ranking, in.port)
		}
		if given && !wanted {
			return fmt.Errorf("ranking %q does not read the input %s: leave it out, or set ranking = %q", ranking, in.port, in.ranking)
		}
	}
	return nil
}
