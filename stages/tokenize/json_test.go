package tokenize_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUnigramInTokenizerJSONAgreesWithTokenizers(t *testing.T) {
	t.Parallel()
	python := python(t, "sentencepiece")
	node(t)
	texts := xquad(t)
	file := trainSP(t, python, every(8, texts), nil)
	newer := ask(t, nil, python, "testdata/sentencepiece_oracle.py", "convert", file)
	// As in the folders of XLM-R and of the models made from it.
	const sequence = `{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, `
	older := strings.Replace(newer, `"pre_tokenizer": {`, `"pre_tokenizer": `+sequence+`{`, 1)
	older = strings.Replace(older, `}, "post_processor"`, `}]}, "post_processor"`, 1)
	all := slices.Concat(nasty(), special(), every(1, texts), characterTexts())
	for i, text := range all {
		all[i] = validated(text)
	}
	for name, content := range map[string]string{"Metaspace": newer, "WhitespaceSplit and Metaspace": older} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok := load(t, map[string]string{"tokenizer.json": content})
			file := filepath.Join(t.TempDir(), "tokenizer.json")
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			compare(t, tok, all, askIDs(t, all, "node", "testdata/tokenizers_oracle.js", "encode", file))
		})
	}
	t.Run("and with SentencePiece", func(t *testing.T) {
		t.Parallel()
		model, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		slow := load(t, map[string]string{"sentencepiece.bpe.model": string(model)})
		fast := load(t, map[string]string{"tokenizer.json": newer})
		same := 0
		for _, text := range all {
			if slices.Equal(slow.Encode(text, 0), fast.Encode(text, 0)) {
				same++
			}
		}
		t.Logf("%d of %d texts have the same ids by either file of the same model", same, len(all))
	})
}

// validated returns text with U+FFFD for each byte that is not UTF-8.
func validated(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}
