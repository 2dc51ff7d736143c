package corpus

// Set is a retrieval set. On disk it is a folder in BEIR layout:
// corpus.jsonl, queries.jsonl and qrels/test.tsv.
type Set struct {
	Docs    []Doc   // in the order of corpus.jsonl
	Queries []Query // in the order of queries.jsonl
	Qrels   []Qrel  // in the order of qrels/test.tsv
}

// Doc is one candidate passage, a line of corpus.jsonl.
type Doc struct {
	ID    string `json:"_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Lang  string `json:"lang"`
}

// Query is one question in one language, a line of queries.jsonl. The versions
// of a question in other languages share Question.
type Query struct {
	ID       string `json:"_id"` // unique in the set: "LANG:QUESTION"
	Text     string `json:"text"`
	Lang     string `json:"lang"`
	Question string `json:"question"` // the question's id in its dataset, the same in all languages
}

// Qrel says that a document answers a query; Score is at least 1.
type Qrel struct {
	Query string
	Doc   string
	Score int
}
