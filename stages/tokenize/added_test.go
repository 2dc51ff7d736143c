package tokenize_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestAddedTokensAgreeWithTokenizers has tokens with every flag.
func TestAddedTokensAgreeWithTokenizers(t *testing.T) {
	t.Parallel()
	node(t)
	type token struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		Special    bool   `json:"special"`
		Normalized bool   `json:"normalized"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		SingleWord bool   `json:"single_word"`
	}
	var parts map[string]any
	if err := json.Unmarshal([]byte(tokenizerJSON), &parts); err != nil {
		t.Fatal(err)
	}
	parts["added_tokens"] = []token{
		{ID: 0, Content: "[PAD]", Special: true}, {ID: 1, Content: "[UNK]", Special: true},
		{ID: 2, Content: "[CLS]", Special: true}, {ID: 3, Content: "[SEP]", Special: true},
		{ID: 6, Content: "<l>", LStrip: true},
		{ID: 7, Content: "<r>", RStrip: true},
		{ID: 8, Content: "<lr>", LStrip: true, RStrip: true},
		{ID: 9, Content: "word", SingleWord: true},
		{ID: 10, Content: "ÄÖ", Normalized: true},
		{ID: 11, Content: "ÄÖÜ"},
		{ID: 12, Content: "<l"},
	}
	content, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		"a <l> a <r> a <lr> a", "<l><r><lr>", " <l> <l>\u00a0<r> \u3000a", "a <r> <l>", "<l a", "<lr <l<l>",
		"word", "a word b", "words sword word", "word.word", "_word word_ word1 (word)", "word word", "wordword", "éword wordé 中word",
		"ÄÖ", "äö ao AO a\u0308o", "xäöx", "ÄÖÜ äöü ÄÖÜÄÖ",
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "tokenizer.json")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	tok := load(t, map[string]string{"tokenizer.json": string(content)})
	compare(t, tok, texts, askIDs(t, texts, "node", "testdata/tokenizers_oracle.js", "encode", file))
}
