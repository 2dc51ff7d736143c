package tokenize_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/tokenize"
)

const vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\nA\n中\n.\né\n"

// tokenizerJSON is a BERT tokenizer, small enough to be changed in a test.
const tokenizerJSON = `{
  "added_tokens": [
    {"id": 0, "content": "[PAD]", "special": true}, {"id": 1, "content": "[UNK]", "special": true},
    {"id": 2, "content": "[CLS]", "special": true}, {"id": 3, "content": "[SEP]", "special": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
    "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "##b": 5}}
}`

func TestWordPiece(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config, special string
		want            map[string][]int32 // without [CLS] and [SEP]
	}{
		"without a config": {"", "", map[string][]int32{
			"ab a": {5, 8, 5}, "Ab": {5, 8}, "áb": {5, 8}, "a中b": {5, 10, 6}, "ax a": {1, 5}, "a.b": {5, 11, 6}, "": nil,
			"a [MASK]b": {5, 4, 6}, "[mask]": {1, 1, 1}, "a\x00b": {5, 8}, "a\xffb": {5, 8},
		}},
		"cased":           {`{"do_lower_case": false}`, "", map[string][]int32{"Ab": {9, 8}, "é": {12}, "e\u0301": {1}}},
		"accents":         {`{"strip_accents": false}`, "", map[string][]int32{"É": {12}}},
		"ideographs":      {`{"tokenize_chinese_chars": false}`, "", map[string][]int32{"a中b": {1}, "中": {10}}},
		"special tokens":  {"", `{"unk_token": "a", "cls_token": {"content": "[CLS]"}}`, map[string][]int32{"x": {5}}},
		"an added token":  {`{"added_tokens_decoder": {"20": {"content": "ÄB", "normalized": true}}}`, "", map[string][]int32{"aab b": {5, 20, 6}, "[SEP]": {1, 1, 1}}},
		"with other name": {`{"tokenizer_class": "DistilBertTokenizerFast"}`, "", map[string][]int32{"a": {5}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"vocab.txt": {Data: []byte(vocabulary)}}
			if test.config != "" {
				files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(test.config)}
			}
			if test.special != "" {
				files["special_tokens_map.json"] = &fstest.MapFile{Data: []byte(test.special)}
			}
			tok, err := tokenize.LoadFS(files)
			if err != nil {
				t.Fatal(err)
			}
			for text, want := range test.want {
				if diff := cmp.Diff(slices.Concat([]int32{2}, want, []int32{3}), tok.Encode(text, 0)); diff != "" {
					t.Errorf("%q (-want +got):\n%s", text, diff)
				}
			}
		})
	}
}

func TestEncodeTruncates(t *testing.T) {
	t.Parallel()
	tok := load(t, map[string]string{"vocab.txt": vocabulary})
	for maxLen, want := range map[int][]int32{
		-1: {2, 5, 8, 7, 6, 3}, 0: {2, 5, 8, 7, 6, 3}, 6: {2, 5, 8, 7, 6, 3}, 5: {2, 5, 8, 7, 3}, 3: {2, 5, 3}, 2: {2, 3}, 1: {2, 3},
	} {
		if diff := cmp.Diff(want, tok.Encode("aba b", maxLen)); diff != "" {
			t.Errorf("at most %d (-want +got):\n%s", maxLen, diff)
		}
	}
	if tok.Pad() != 0 || tok.Size() != 13 {
		t.Errorf("pad %d, size %d", tok.Pad(), tok.Size())
	}
}

func TestEncodeIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	for _, tok := range []tokenize.Tokenizer{
		load(t, map[string]string{"vocab.txt": vocabulary}),
		load(t, map[string]string{"sentencepiece.bpe.model": spModel(letters(), nil, nil, nil)}),
	} {
		texts := nasty()
		want := make([][]int32, len(texts))
		for i, text := range texts {
			want[i] = tok.Encode(text, 0)
		}
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for i, text := range texts {
					if got := tok.Encode(text, 0); !slices.Equal(got, want[i]) {
						t.Errorf("%.40q: other ids beside other goroutines", text)
					}
				}
			})
		}
		workers.Wait()
	}
}

func TestLoadNamesTheFileAndTheFault(t *testing.T) {
	t.Parallel()
	one := func(name, content string) map[string]string { return map[string]string{name: content} }
	sp := func(model string) map[string]string { return one("sentencepiece.bpe.model", model) }
	json := func(old, new string) map[string]string {
		if !strings.Contains(tokenizerJSON, old) {
			t.Fatalf("no %s in the JSON of the test", old)
		}
		return one("tokenizer.json", strings.Replace(tokenizerJSON, old, new, 1))
	}
	both := func(file, content, name, other string) map[string]string {
		return map[string]string{file: content, name: other}
	}
	model := spModel(letters(), nil, nil, nil)
	for want, files := range map[string]map[string]string{
		"none of sentencepiece.bpe.model, spiece.model, vocab.txt and tokenizer.json": nil,
		`"T5Tokenizer" is supported only with a tokenizer.json`:                       both("spiece.model", model, "tokenizer_config.json", `{"tokenizer_class": "T5Tokenizer"}`),
		`"camembert" is supported only with a tokenizer.json`:                         both("sentencepiece.bpe.model", model, "config.json", `{"model_type": "camembert"}`),
		"tokenizer_config.json: unexpected end":                                       both("vocab.txt", vocabulary, "tokenizer_config.json", `{`),
		`added_tokens_decoder: "x" is not an id`:                                      both("vocab.txt", vocabulary, "tokenizer_config.json", `{"added_tokens_decoder": {"x": {}}}`),
		`"[NEW]" without an id is not supported`:                                      both("vocab.txt", vocabulary, "special_tokens_map.json", `{"additional_special_tokens": ["[NEW]"]}`),
		`do_basic_tokenize = false`:                                                   both("vocab.txt", vocabulary, "tokenizer_config.json", `{"do_basic_tokenize": false}`),
		`added_tokens.json: "a" has the id -1`:                                        both("vocab.txt", vocabulary, "added_tokens.json", `{"a": -1}`),

		`vocab.txt: the pad_token "[PAD]" is not in it`: one("vocab.txt", "a\nb\n"),

		"sentencepiece.bpe.model: byte 1, field 1: unexpected EOF": sp(model[:10]),
		"spiece.model: 0 unknown pieces":                           one("spiece.model", "\n\x03\n\x01a"),
		"a BPE model, only unigram models":                         sp(spModel(letters(), option(3, 2), nil, nil)),
		`pieces 4 and 9 are both "a"`:                              sp(spModel(letters(piece{"a", 0, normal}), nil, nil, nil)),
		"piece 9: it is empty":                                     sp(spModel(letters(piece{"", 0, normal}), nil, nil, nil)),
		`piece 9: "x" is of the unknown type 9`:                    sp(spModel(letters(piece{"x", 0, 9}), nil, nil, nil)),
		"in a model without byte_fallback":                         sp(spModel(letters(piece{"<0x00>", 0, byteKind}), nil, nil, nil)),
		"1 byte pieces in a model with byte_fallback":              sp(spModel(letters(piece{"<0x00>", 0, byteKind}), option(35, 1), nil, nil)),
		`"<0x0a>" is not a byte piece`:                             sp(spModel(letters(piece{"<0x0a>", 0, byteKind}), option(35, 1), nil, nil)),
		"piece 1 has to be <s>":                                    sp(spModel(letters()[:1:1], nil, nil, nil) + spModel(letters()[3:], nil, nil, nil)),
		"a trie of 1633771873 bytes in 2":                          sp(model + "\x1a\x08\x12\x06aaaaaa"),

		"tokenizer.json: unexpected end": one("tokenizer.json", tokenizerJSON[:100]),
		"no model":                       one("tokenizer.json", "{}"),
		"the model BPE is not supported": json(`"WordPiece"`, `"BPE"`),
		"with a WordPiece model, the pre_tokenizer Whitespace is not": json(`"BertPreTokenizer"`, `"Whitespace"`),
		"with a WordPiece model, the normalizer NFC is not":           json(`"BertNormalizer"`, `"NFC"`),
		"clean_text = false":                      json(`"clean_text": true`, `"clean_text": false`),
		"post_processor: ByteLevel is not":        json(`"BertProcessing"`, `"ByteLevel"`),
		"post_processor: the id 99 is not in":     json(`["[SEP]", 3]`, `["[SEP]", 99]`),
		`the unk_token "?" is not in`:             json(`"unk_token": "[UNK]"`, `"unk_token": "?"`),
		`continuing_subword_prefix "@@" is not`:   json(`"##"`, `"@@"`),
		"padding: the id 99 is not in":            json(`{`, `{"padding": {"pad_id": 99},`),
		"no pad token":                            json(`"content": "[PAD]"`, `"content": "x"`),
		`"a" has the id -4`:                       json(`"a": 4`, `"a": -4`),
		"added_tokens: \"[PAD]\" has the id -1":   json(`{"id": 0`, `{"id": -1`),
		"Metaspace, or WhitespaceSplit and Metas": one("tokenizer.json", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["u", 0]]}}`),
		"without an unk_id":                       one("tokenizer.json", `{"model": {"type": "Unigram", "vocab": [["u", 0]]}}`),
		"normalizer: Nmt is not supported":        one("tokenizer.json", `{"normalizer": {"type": "Nmt"}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["u", 0]]}}`),
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{}
			for name, content := range files {
				fsys[name] = &fstest.MapFile{Data: []byte(content)}
			}
			_, err := tokenize.LoadFS(fsys)
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an input error with %q", err, want)
			}
		})
	}
}

func TestLoadFromAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := tokenize.Load(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}

// brokenFS fails with something else than fs.ErrNotExist.
type brokenFS struct{}

func (brokenFS) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestAFileThatCannotBeReadIsNoFaultOfTheInput(t *testing.T) {
	t.Parallel()
	if _, err := tokenize.LoadFS(brokenFS{}); !errors.Is(err, fs.ErrPermission) || errors.Is(err, stages.ErrInput) {
		t.Errorf("got %v", err)
	}
}
