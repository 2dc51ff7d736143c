package convert_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"repro/stages/convert"
	"repro/stages/corpus"
)

// cut returns the candidates that the format squad makes of each text.
func cut(t *testing.T, texts ...string) [][]string {
	t.Helper()
	type m = map[string]any
	var paragraphs []m
	for i, text := range texts {
		qas := []m{}
		if i == 0 {
			qas = []m{{"id": "q", "question": "?", "answers": []m{{"text": "", "answer_start": 0}}}}
		}
		paragraphs = append(paragraphs, m{"context": text, "qas": qas})
	}
	b, err := json.Marshal(m{"data": []m{{"paragraphs": paragraphs}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "squad.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	job := newJob(t, map[string]any{"format": "squad", "langs": []string{"xx"}}, file)
	if err := convert.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	set, err := corpus.LoadSet(job.Out["retrieval"])
	if err != nil {
		t.Fatal(err)
	}
	cuts := make([][]string, len(texts))
	for _, doc := range set.Docs {
		var n int
		if err := json.Unmarshal([]byte(strings.Split(doc.ID, ":")[1]), &n); err != nil {
			t.Fatal(err)
		}
		cuts[n] = append(cuts[n], doc.Text)
	}
	return cuts
}

func TestSentencesAreCutAtTheirEnds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"one":             {"No stop at all"},
		"two":             {"He came.", "She went."},
		"marks":           {"Really?!", "Yes!", "Well…", "Good."},
		"lower case":      {"Visit example.org or approx. four others. ok?"},
		"mark then lower": {"Who?", "he asked."},
		"decimals":        {"It is 3.14 or 2.5.", "More."},
		"quotes":          {`He said "Go."`, `"No (never)."`, "Then left."},
		"brackets":        {"That was it.)", "[2] So."},
		"titles":          {"Mr. J. R. Smith met Dr. No at St. Paul's, No 5."},
		"acronyms":        {"The U.S. Army won."},
		"ordinals":        {"Am 3. Oktober 1990 war es so.", "Im 19. Jahrhundert nicht."},
		"years":           {"It was 1990.", "Then 1991."},
		"abbreviations":   {"Das ist z.B. Berlin."},
		"lines":           {"A title", "Then text"},
		"chinese":         {"他来了。", "“她走了！”", "好？"},
		"hindi":           {"वह आया।", "वह गई।"},
		"arabic":          {"هل جاء؟", "نعم."},
		"greek":           {"Ποιος ήρθε\u037e", "Ο Νίκος."},
		"spanish":         {"¡Hola!", "¿Qué tal?", "Bien."},
		"emoji":           {"So it is. 🙂"[:9], "🙂 Yes."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sep := " "
			switch name {
			case "lines":
				sep = " \n\n"
			case "chinese":
				sep = ""
			}
			if diff := cmp.Diff(want, cut(t, strings.Join(want, sep))[0]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSentencesLeaveOutOnlyWhiteSpace(t *testing.T) {
	t.Parallel()
	texts := []string{"a", "...", " . ! ", "\n\nA.\n", "۔۔ x", `") A. B`, "\u00a0x.\u3000Y。z", "\xff. A", strings.Repeat("A. b! ", 1000), "ﬀ. 𝔸. É"}
	for i, got := range cut(t, texts...) {
		want := strings.Join(strings.Fields(strings.ToValidUTF8(texts[i], "\ufffd")), "")
		if all := strings.Join(strings.FieldsFunc(strings.Join(got, ""), unicode.IsSpace), ""); all != want {
			t.Errorf("%q: got %q", texts[i], got)
		}
	}
}
