package convert

import (
	"context"

	"repro/stages"
)

// converter writes the outputs that a format has from the inputs, one for each
// of the languages.
type converter func(ctx context.Context, job *stages.Job, p params, inputs []string) error

// format is what inputs may be.
type format struct {
	name, doc        string
	pairs, retrieval bool           // the outputs that it has
	folders          bool           // inputs are folders, not files
	params           []stages.Param // what it alone reads
	check            func(p params) error
	convert          converter
}

// formats are all formats, in the order of the documentation.
var formats = []format{
	{
		name: "squad", pairs: true, retrieval: true, convert: questionsBy(readSQuAD),
		doc: "SQuAD v1.1 JSON and what follows it: XQuAD, MLQA, SQuADShifts. Contexts are cut into sentences; the first answer counts.",
	},
	{
		name: "lareqa", pairs: true, retrieval: true, convert: questionsBy(readLAReQA),
		doc: "XQuAD-R and MLQA-R: SQuAD JSON with sentence_breaks.",
	},
	{
		name: "parallel", pairs: true, retrieval: true, convert: questionsBy(readParallel),
		doc: "JSON Lines with id, question and passage, which is one candidate as it stands.",
	},
	{
		name: "nli", pairs: true, convert: convertNLI,
		doc: "Natural language inference: JSON Lines of SNLI or MultiNLI (sentence1, sentence2, gold_label), or CSV with sent0, sent1 and hard_neg. A premise and what it entails are a pair, what contradicts the premise its negatives. There is no retrieval set.",
	},
	{
		name: "text", pairs: true, convert: convertText,
		doc: "A sentence a line, each a pair with itself for the sampler simcse. There is no retrieval set.",
	},
	{
		name: "beir", retrieval: true, folders: true, check: checkBEIR, convert: convertBEIR,
		doc: "A folder in BEIR layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv. Queries without a judgement are left out. There are no pairs.",
		params: []stages.Param{
			{Name: "split", Type: "string", Default: `"test"`, Doc: "The judgements to take: qrels/SPLIT.tsv."},
		},
	},
}
