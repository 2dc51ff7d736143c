package convert_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages/convert"
	"repro/stages/corpus"
)

// counts is what is published of a language, and how many different questions it has.
type counts struct{ Docs, Queries, Unique int }

// The published sizes: LAReQA's README, and for Unique the n of which all
// figures that the paper prints for XQuAD-R are multiples of 1/n.
var (
	xquadR = map[string]counts{
		"ar": {1222, 1190, 1187}, "de": {1276, 1190, 1182}, "el": {1234, 1190, 1184}, "en": {1180, 1190, 1187},
		"es": {1215, 1190, 1185}, "hi": {1244, 1190, 1183}, "ru": {1219, 1190, 1186}, "th": {852, 1190, 1183},
		"tr": {1167, 1190, 1184}, "vi": {1209, 1190, 1182}, "zh": {1196, 1190, 1181},
	}
	mlqaR = map[string]counts{
		"ar": {2545, 517, 517}, "de": {2362, 512, 512}, "en": {6264, 1148, 1148}, "es": {1787, 500, 500},
		"hi": {2426, 507, 507}, "vi": {2828, 511, 511}, "zh": {2322, 504, 504},
	}
)

// convertReal runs the stage on DATASET/LANG.json and loads what it wrote.
func convertReal(t *testing.T, dataset string, langs []string, dedup bool) (*corpus.Set, []corpus.Pair) {
	t.Helper()
	var files []string
	for _, lang := range langs {
		files = append(files, filepath.Join(testkit.Datasets(t), dataset, lang+".json"))
	}
	job := newJob(t, map[string]any{"format": "lareqa", "langs": langs, "dedup_queries": dedup}, files...)
	begin := time.Now()
	if err := convert.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %v", dataset, time.Since(begin))
	set, err := corpus.LoadSet(job.Out["retrieval"])
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := corpus.LoadLines[corpus.Pair](job.Out["pairs"])
	if err != nil {
		t.Fatal(err)
	}
	return set, pairs
}

func TestLAReQAHasThePublishedSizes(t *testing.T) {
	t.Parallel()
	for dataset, c := range map[string]struct {
		published map[string]counts
		relevant  map[int]int // relevant candidates → questions
	}{
		// A question's relevant candidates are in all languages that have it, its
		// own among them: in XQuAD-R all 11, in MLQA-R English and one to three others.
		"xquad-r": {xquadR, map[int]int{11: 1190}},
		"mlqa-r":  {mlqaR, map[int]int{4: 820, 3: 263, 2: 65}},
	} {
		t.Run(dataset, func(t *testing.T) {
			t.Parallel()
			langs := slices.Sorted(maps.Keys(c.published))
			set, pairs := convertReal(t, dataset, langs, false)
			deduped, all := convertReal(t, dataset, langs, true)
			if diff := cmp.Diff(pairs, all); diff != "" {
				t.Error("dedup_queries changes the pairs")
			}
			got := map[string]counts{}
			add := func(lang string, c counts) {
				was := got[lang]
				got[lang] = counts{was.Docs + c.Docs, was.Queries + c.Queries, was.Unique + c.Unique}
			}
			for _, d := range set.Docs {
				add(d.Lang, counts{Docs: 1})
			}
			for _, q := range set.Queries {
				add(q.Lang, counts{Queries: 1})
			}
			for _, q := range deduped.Queries {
				add(q.Lang, counts{Unique: 1})
			}
			if diff := cmp.Diff(c.published, got); diff != "" {
				t.Errorf("-published +got:\n%s", diff)
			}
			if len(pairs) != len(set.Queries) {
				t.Errorf("%d pairs, %d queries", len(pairs), len(set.Queries))
			}
			if diff := cmp.Diff(c.relevant, relevantPerQuestion(set)); diff != "" {
				t.Errorf("relevant candidates per question, -want +got:\n%s", diff)
			}
			checkGolds(t, set)
			checkGolds(t, deduped)
		})
	}
}

// checkGolds demands exactly one relevant candidate for each query in each
// language that has the question, and none elsewhere.
func checkGolds(t *testing.T, set *corpus.Set) {
	t.Helper()
	inLang := map[string]string{} // document or query → language
	for _, d := range set.Docs {
		inLang[d.ID] = d.Lang
	}
	golds := map[string]map[string]int{}
	for _, q := range set.Queries {
		inLang[q.ID] = q.Lang
	}
	for _, r := range set.Qrels {
		if golds[r.Query] == nil {
			golds[r.Query] = map[string]int{}
		}
		golds[r.Query][inLang[r.Doc]]++
	}
	for _, q := range set.Queries {
		if golds[q.ID][q.Lang] != 1 {
			t.Errorf("%s: %d golds in its own language", q.ID, golds[q.ID][q.Lang])
		}
		for lang, n := range golds[q.ID] {
			if n != 1 {
				t.Errorf("%s: %d golds in %s", q.ID, n, lang)
			}
		}
	}
}

// relevantPerQuestion returns how many questions have how many relevant
// candidates.
func relevantPerQuestion(set *corpus.Set) map[int]int {
	question := map[string]string{}
	for _, q := range set.Queries {
		question[q.ID] = q.Question
	}
	relevant := map[string]map[string]bool{}
	for _, r := range set.Qrels {
		id := question[r.Query]
		if relevant[id] == nil {
			relevant[id] = map[string]bool{}
		}
		relevant[id][r.Doc] = true
	}
	questions := map[int]int{}
	for _, docs := range relevant {
		questions[len(docs)]++
	}
	return questions
}

func TestSQuADShiftsHaveThePublishedSizes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"new_wiki": 7938, "reddit": 9803, "amazon_reviews": 9885} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(testkit.Datasets(t), "squadshifts", name+"_v1.0.json")
			job := newJob(t, map[string]any{"format": "squad", "langs": []string{"en"}}, file)
			begin := time.Now()
			if err := convert.New().Run(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			t.Logf("%v", time.Since(begin))
			pairs, err := corpus.LoadLines[corpus.Pair](job.Out["pairs"])
			if err != nil {
				t.Fatal(err)
			}
			if len(pairs) != want {
				t.Errorf("got %d pairs, want %d", len(pairs), want)
			}
		})
	}
}

// The published sentence breaks of XQuAD-R judge our own. They are themselves
// no truth ("John C. | Messenger"), and Thai marks no ends of sentences.
func TestSentencesAgreeWithXQuADR(t *testing.T) {
	t.Parallel()
	for lang, least := range map[string]float64{
		"ar": 0.98, "de": 0.98, "el": 0.97, "en": 0.98, "es": 0.97, "hi": 0.98, "ru": 0.98, "tr": 0.94, "vi": 0.97, "zh": 0.94,
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join(testkit.Datasets(t), "xquad-r", lang+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var file struct {
				Data []struct {
					Paragraphs []struct {
						Context   string
						Sentences []string
					}
				}
			}
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatal(err)
			}
			var texts []string
			var published [][]string
			for _, article := range file.Data {
				for _, p := range article.Paragraphs {
					texts = append(texts, p.Context)
					published = append(published, p.Sentences)
				}
			}
			// Ends are compared by what precedes them, without what XQuAD-R leaves
			// out between sentences: white space and list marks.
			between := func(r rune) bool { return unicode.IsSpace(r) || r == '·' || r == '•' }
			ends := func(sentences []string) map[string]bool {
				set := map[string]bool{}
				var before string
				for _, s := range sentences[:len(sentences)-1] {
					before += strings.Join(strings.FieldsFunc(s, between), "")
					set[before] = true
				}
				return set
			}
			var both, ours, theirs int
			for i, sentences := range cut(t, texts...) {
				a, b := ends(sentences), ends(published[i])
				ours, theirs = ours+len(a), theirs+len(b)
				for end := range a {
					if b[end] {
						both++
					}
				}
			}
			f1 := 2 * float64(both) / float64(ours+theirs)
			t.Logf("F1 of sentence ends: %.4f", f1)
			if f1 < least {
				t.Errorf("F1 of sentence ends is %.4f, want at least %.2f", f1, least)
			}
		})
	}
}
