package tokenize_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"repro/stages/tokenize"
)

// everyCharacter gives all of Unicode but 0: planes 4 to 13, which have no
// characters, are left out, and so is most of private use.
func everyCharacter(yield func(rune) bool) {
	for r := rune(1); r <= 0xf0040; r++ {
		if utf8.ValidRune(r) && (r < 0x40000 || 0xe0000 <= r) && !yield(r) {
			return
		}
	}
}

// characterTexts returns texts in which every character is between two letters.
func characterTexts() []string {
	const perText = 64
	var texts []string
	var text strings.Builder
	for r := range everyCharacter {
		// Go decomposes U+11938 (Unicode 13), the normalization of tokenizers is
		// older than that.
		if r != 0x11938 {
			text.WriteString("x" + string(r) + "y ")
		}
		if r%perText == 0 {
			texts = append(texts, text.String())
			text.Reset()
		}
	}
	return texts
}

// TestEveryCharacterAgreesWithTokenizers asks what becomes of every character
// between two letters, with a vocabulary that has all of them.
func TestEveryCharacterAgreesWithTokenizers(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million pieces")
	}
	t.Parallel()
	node(t)
	var vocabulary strings.Builder
	vocabulary.WriteString("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
	for r := range everyCharacter {
		if r != '\n' && r != '\r' {
			vocabulary.WriteString(string(r) + "\n##" + string(r) + "\n")
		}
	}
	texts := characterTexts()
	dir := t.TempDir()
	file := filepath.Join(dir, "vocab.txt")
	if err := os.WriteFile(file, []byte(vocabulary.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for name := range cases {
		other := filepath.Join(t.TempDir(), "tokenizer.json")
		content := ask(t, nil, "node", "testdata/tokenizers_oracle.js", "bert", file, name)
		if err := os.WriteFile(other, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		want := askIDs(t, texts, "node", "testdata/tokenizers_oracle.js", "encode", other)
		config := `{"do_lower_case": ` + map[string]string{"cased": "false", "uncased": "true"}[name] + `}`
		if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		tok, err := tokenize.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, tok, texts, want)
	}
}
