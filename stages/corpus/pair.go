// Package corpus reads and writes the data that stages exchange: training
// pairs as JSON Lines and retrieval sets in BEIR layout with a lang field.
// docs/formats.md describes both.
package corpus

// Pair is one question with the passage that answers it, in one language. The
// versions of the same pair in other languages carry the same Dataset and ID.
type Pair struct {
	Dataset string `json:"dataset"`          // "squadshifts-new-wiki"
	ID      string `json:"id"`               // the same in all languages
	Lang    string `json:"lang"`             // ISO 639-1
	Query   string `json:"query"`            // the question
	Passage string `json:"passage"`          // the sentence or paragraph that answers it
	Origin  string `json:"origin,omitempty"` // how the text came to be: "" or "original", "human", "apertium en→es→pt" …

	// Negatives are passages that look right and are not, such as sentences
	// that contradict Query.
	Negatives []string `json:"negatives,omitempty"`
}
