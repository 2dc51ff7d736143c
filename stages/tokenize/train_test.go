package tokenize_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/tokenize"
)

func TestTrainWordPiece(t *testing.T) {
	t.Parallel()
	texts := []string{"low low low low low lower lower", "Newest newest NEWEST néwest newest newest widest widest widest"}
	specials := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
	for name, test := range map[string]struct {
		size    int
		options tokenize.TrainOptions
		want    string
	}{
		// Worked out by hand: es and st are in it 9 times, lo and ow 7, ne, ew and
		// w·est 6; of equal ones the pair with the older left piece is first.
		"merges": {32, tokenize.TrainOptions{Characters: 20},
			"d e i l n o r s t w ##d ##e ##i ##o ##r ##s ##t ##w ##es ##est lo low ne ##west newest wi ##dest"},
		"few merges": {26, tokenize.TrainOptions{Characters: 20},
			"d e i l n o r s t w ##d ##e ##i ##o ##r ##s ##t ##w ##es ##est lo"},
		"a high count": {32, tokenize.TrainOptions{Characters: 20, MinCount: 8},
			"d e i l n o r s t w ##d ##e ##i ##o ##r ##s ##t ##w ##es ##est"},
		"few characters, and the words that have no others": {30, tokenize.TrainOptions{Characters: 5, MinCount: 1},
			"e l s t w"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := tokenize.TrainWordPiece(t.Context(), slices.Values(texts), test.size, test.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(slices.Concat(specials, strings.Fields(test.want)), v.Pieces); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrainingDoesNotDependOnTheOrderOfTexts(t *testing.T) {
	t.Parallel()
	texts := every(10, xquad(t))
	var first []string
	for i := range 3 {
		v, err := tokenize.TrainWordPiece(t.Context(), slices.Values(texts), 4000, tokenize.TrainOptions{Cased: true})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = v.Pieces
		}
		if diff := cmp.Diff(first, v.Pieces); diff != "" {
			t.Fatalf("other pieces (-first +now):\n%s", diff)
		}
		slices.Reverse(texts[i*7:])
	}
	if len(first) != 4000 {
		t.Errorf("%d pieces", len(first))
	}
}

func TestSaveIsWhatLoadReads(t *testing.T) {
	t.Parallel()
	for name, cased := range map[string]bool{"cased": true, "uncased": false} {
		v, err := tokenize.TrainWordPiece(t.Context(), slices.Values([]string{"Éa É éa é", "Ab ab"}), 100, tokenize.TrainOptions{Cased: cased})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := v.Save(dir); err != nil {
			t.Fatal(err)
		}
		tok, err := tokenize.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if tok.Size() != len(v.Pieces) {
			t.Errorf("%s: %d ids for %d pieces", name, tok.Size(), len(v.Pieces))
		}
		upper, lower := tok.Encode("É", 0), tok.Encode("e", 0)
		if same := slices.Equal(upper, lower); same == cased {
			t.Errorf("%s: É is %v, e is %v", name, upper, lower)
		}
		data, err := os.ReadFile(filepath.Join(dir, "vocab.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(v.Pieces, "\n")+"\n", string(data)); diff != "" {
			t.Errorf("vocab.txt (-want +got):\n%s", diff)
		}
	}
}

func TestAccentsAreKeptWithoutCase(t *testing.T) {
	t.Parallel()
	v, err := tokenize.TrainWordPiece(t.Context(), slices.Values([]string{"हिंदी Éa"}), 100, tokenize.TrainOptions{Accents: true, MinCount: 1, Characters: 50})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := v.Save(dir); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenize.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if upper, lower := tok.Encode("ÉA", 0), tok.Encode("éa", 0); !slices.Equal(upper, lower) {
		t.Errorf("ÉA is %v, éa is %v", upper, lower)
	}
	if whole, bare := tok.Encode("हिंदी", 0), tok.Encode("हद", 0); slices.Equal(whole, bare) {
		t.Errorf("a word without its vowels has the same ids %v", whole)
	}
}

func TestTrainingFails(t *testing.T) {
	t.Parallel()
	train := func(ctx context.Context, text string, size int) error {
		_, err := tokenize.TrainWordPiece(ctx, slices.Values([]string{text}), size, tokenize.TrainOptions{Characters: 100})
		return err
	}
	if err := train(t.Context(), " \n", 100); err == nil || !strings.Contains(err.Error(), "no words") {
		t.Errorf("without words: %v", err)
	}
	if err := train(t.Context(), "abcdefgh", 12); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("without room: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := train(ctx, "a", 100); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
