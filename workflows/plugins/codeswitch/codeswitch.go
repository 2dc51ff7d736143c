// Command codeswitch is a plugin of repro with the sampler "codeswitch":
// training on artificially code-switched data (Litschko et al., arXiv
// 2305.05295), in its multilingual form.
//
// All pairs are in one language, English as a rule. Each word of question and
// passage that a bilingual lexicon knows is replaced with probability p by its
// translation into a language that is drawn for the word. The paper draws the
// language first and leaves the word if that lexicon lacks it; here it is drawn
// among those that have the word, so that p is the share of the known words
// that change. With one language in "to" this is the paper's bilingual form.
//
// The lexicon is given at the port "lexicon", or learned from the pool: from
// the items that it has in both languages, by word alignment with IBM Model 1
// (Brown et al. 1993, The Mathematics of Statistical Machine Translation) in
// both directions, of which the pairs stay that are each other's best.
// Languages that write no spaces between words need a lexicon that is given.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/plugin"
	"repro/stages/sample"
)

func main() { plugin.Serve(plugin.Plugin{Samplers: []sample.Method{method()}}) }

func method() sample.Method {
	return sample.Method{
		Name: "codeswitch",
		Doc:  "Pairs of one language in which words are replaced by translations into others, from a bilingual lexicon (arXiv 2305.05295).",
		Params: []stages.Param{
			{Name: "p", Type: "number", Default: "0.5", Doc: "Probability that a word of the lexicon is replaced, 0 to 1."},
			{Name: "from", Type: "string", Default: `"en"`, Doc: "Language of the pairs."},
			{Name: "to", Type: "list(string)", Default: "[]", Doc: "Languages of the translations; all that the lexicon has if empty."},
			{Name: "min_count", Type: "number", Default: "2", Doc: "Without a lexicon: how often a word and its translation must occur to be learned."},
		},
		Inputs: []stages.Port{{
			Name: "lexicon", Arity: stages.Optional,
			Doc: `JSON Lines with "from" and "to" (languages), "word" and "translation", a line for each translation; without it a lexicon is learned from the items that the pool has in both languages.`,
		}},
		New: newCodeSwitch,
	}
}

// codeSwitch is the sampler.
type codeSwitch struct {
	P        float64  `json:"p"`
	From     string   `json:"from"`
	To       []string `json:"to"`
	MinCount int      `json:"min_count"`

	lexicon lexicon
}

func newCodeSwitch(params json.RawMessage) (sample.Sampler, error) {
	s := &codeSwitch{}
	if err := stages.DecodeParams(params, s); err != nil {
		return nil, err
	}
	switch {
	case s.P < 0 || s.P > 1:
		return nil, &stages.ParamError{Param: "p", Problem: fmt.Sprintf("%v is no probability", s.P), Hint: "Give a number from 0 to 1"}
	case slices.Contains(s.To, s.From):
		return nil, &stages.ParamError{Param: "to", Problem: fmt.Sprintf("%q is the language of the pairs", s.From), Hint: "Name the languages to translate into"}
	case s.MinCount < 1:
		return nil, &stages.ParamError{Param: "min_count", Problem: fmt.Sprintf("%d is out of range", s.MinCount), Hint: "Give at least 1"}
	}
	return s, nil
}

// Prepare implements sample.Preparer: it reads or learns the lexicon.
func (s *codeSwitch) Prepare(ctx context.Context, pool *sample.Pool, job *stages.Job) error {
	s.lexicon = lexicon{}
	give := s.learn
	if job.Path("lexicon") != "" {
		give = s.read
	}
	if err := give(ctx, pool, job); err != nil {
		return err
	}
	known, langs := s.lexicon.langs(), s.To
	if len(langs) == 0 {
		langs = slices.Sorted(maps.Keys(known))
	}
	for _, lang := range langs {
		if len(known[lang]) == 0 {
			return &stages.ParamError{Param: "to", Problem: fmt.Sprintf("no word has a translation into %q", lang),
				Hint: "Leave the language out, or give a lexicon or pairs that have it"}
		}
		job.Logf("lexicon %s→%s: %d words, such as %s", s.From, lang, len(known[lang]), strings.Join(known[lang][:min(len(known[lang]), 12)], " "))
	}
	if len(langs) == 0 {
		return fmt.Errorf("%w: no word has a translation from %s. Give a lexicon, or translated pairs to learn one from", stages.ErrInput, s.From)
	}
	return nil
}

// Batch implements sample.Sampler.
func (s *codeSwitch) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	d, items, err := pool.Pick(step.Size, rng, " in "+s.From, func(d *sample.Dataset) []sample.Item { return d.In(s.From) })
	if err != nil {
		return sample.Batch{}, err
	}
	rows := sample.Rows(items, step.Size, rng, func(i sample.Item) sample.Row {
		query, passage, _ := pool.Text(i, s.From)
		return sample.Row{
			Item: i, Query: s.From, Passage: s.From,
			QueryText: s.lexicon.replace(query, s.P, rng), PassageText: s.lexicon.replace(passage, s.P, rng),
		}
	})
	return sample.Batch{Draw: "codeswitch", Dataset: d, Rows: rows}, nil
}

// read adds the lines of the lexicon that are between the sampler's languages.
func (s *codeSwitch) read(_ context.Context, _ *sample.Pool, job *stages.Job) error {
	type line struct{ From, Word, To, Translation string }
	return corpus.ReadLines(job.Path("lexicon"), func(l line) error {
		if l.From == "" || l.To == "" || l.Word == "" || l.Translation == "" {
			return fmt.Errorf(`%w: want "from", "word", "to" and "translation", none of them empty`, stages.ErrInput)
		}
		if l.From == s.From && l.To != s.From && (len(s.To) == 0 || slices.Contains(s.To, l.To)) {
			s.lexicon.add(l.Word, l.To, l.Translation)
		}
		return nil
	})
}

// lexicon has the translations of words in lower case.
type lexicon map[string][]entry

// entry is the translations of a word into one language.
type entry struct {
	lang  string
	words []string
}

func (l lexicon) add(word, lang, translation string) {
	word = strings.ToLower(word)
	entries := l[word]
	at, found := slices.BinarySearchFunc(entries, lang, func(e entry, lang string) int { return strings.Compare(e.lang, lang) })
	if !found {
		entries = slices.Insert(entries, at, entry{lang: lang})
	}
	if !slices.Contains(entries[at].words, translation) {
		entries[at].words = append(entries[at].words, translation)
	}
	l[word] = entries
}

// langs returns for each language the words, sorted, with their translation.
func (l lexicon) langs() map[string][]string {
	known := map[string][]string{}
	for _, word := range slices.Sorted(maps.Keys(l)) {
		for _, e := range l[word] {
			known[e.lang] = append(known[e.lang], word+"="+e.words[0])
		}
	}
	return known
}

// replace returns the text with each word that has translations replaced with
// probability p. All that is not a word stays, and so does a capital at the
// beginning of one.
func (l lexicon) replace(text string, p float64, rng *sample.Rand) string {
	var out strings.Builder
	at := 0
	for start, end := range words(text) {
		word := text[start:end]
		entries := l[strings.ToLower(word)]
		if len(entries) == 0 || rng.Float64() >= p {
			continue
		}
		choices := entries[rng.IntN(len(entries))].words
		choice := choices[rng.IntN(len(choices))]
		if first, _ := utf8.DecodeRuneInString(word); unicode.IsUpper(first) {
			first, size := utf8.DecodeRuneInString(choice)
			choice = string(unicode.ToTitle(first)) + choice[size:]
		}
		out.WriteString(text[at:start] + choice)
		at = end
	}
	out.WriteString(text[at:])
	return out.String()
}

// words yields the start and end of each word: letters with their marks, and
// apostrophes between them.
func words(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		start := -1                    // outside of a word
		for i, r := range text + " " { // which ends the last word
			inside := unicode.IsLetter(r) || unicode.IsMark(r)
			if start >= 0 && (r == '\'' || r == '’') {
				next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
				inside = unicode.IsLetter(next)
			}
			switch {
			case inside && start < 0:
				start = i
			case !inside && start >= 0:
				if !yield(start, i) {
					return
				}
				start = -1
			}
		}
	}
}

// How a lexicon is learned: in a few seconds and some 200 MB for each language,
// however large the pool is.
const (
	maxItems = 20_000  // drawn at random
	maxWords = 100     // of a text; alignments of longer ones are mostly noise
	maxCells = 4 << 20 // pairs of a word and one that may be its translation

	iterations = 5   // of EM: more make rare words too sure of themselves
	certainty  = 0.1 // least product of both directions' probabilities
)

// learn adds words of the languages in which the pool has the sampler's items.
func (s *codeSwitch) learn(ctx context.Context, pool *sample.Pool, job *stages.Job) error {
	langs := slices.DeleteFunc(slices.Clone(pool.Langs()), func(lang string) bool {
		return lang == s.From || len(s.To) > 0 && !slices.Contains(s.To, lang) ||
			slices.Contains([]string{"ja", "km", "lo", "my", "th", "zh"}, lang) // no spaces: what words finds are clauses
	})
	for k, lang := range langs {
		t := newBitext()
		var items []sample.Item
		for _, d := range pool.Datasets() {
			items = append(items, d.In(lang)...)
		}
		// Not the run's seed: its arms and seeds share the lexicon.
		for _, n := range sample.NewRand(0, k).Sample(len(items), min(len(items), maxItems)) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			query, passage, ok := pool.Text(items[n], s.From)
			if !ok {
				continue
			}
			otherQuery, otherPassage, _ := pool.Text(items[n], lang)
			t.add(query, otherQuery)
			t.add(passage, otherPassage)
			if t.size >= maxCells {
				break
			}
		}
		t.align()
		for _, pair := range t.translations(s.MinCount) {
			s.lexicon.add(pair[0], lang, pair[1])
		}
		job.Progress(int64(k+1), int64(len(langs)), "languages")
	}
	return nil
}

// vocabulary is the words of one side of a bitext. Number 0 is the empty word,
// which words without a counterpart are aligned to.
type vocabulary struct {
	number map[string]uint32 // of words in lower case
	words  []word
}

type word struct {
	lower string
	count int
	forms map[string]int // how often it is written how, not counting the first words of texts
}

// numbers returns the numbers of a text's words behind that of the empty word.
func (v *vocabulary) numbers(text string) []uint32 {
	list := []uint32{0}
	for start, end := range words(text) {
		lower := strings.ToLower(text[start:end])
		n, ok := v.number[lower]
		if !ok {
			n = uint32(len(v.words))
			v.number[lower], v.words = n, append(v.words, word{lower: lower, forms: map[string]int{}})
		}
		v.words[n].count++
		if len(list) > 1 {
			v.words[n].forms[text[start:end]]++
		}
		list = append(list, n)
	}
	return list
}

// written returns the usual form of a word: German nouns with capitals, say.
func (w word) written() string {
	forms := append([]string{w.lower}, slices.Sorted(maps.Keys(w.forms))...)
	return slices.MaxFunc(forms, func(a, b string) int { return w.forms[a] - w.forms[b] })
}

// bitext is texts and their translations, as far as alignment needs them.
type bitext struct {
	source, target vocabulary
	number         map[[2]uint32]uint32
	cells          [][2]uint32   // a source and a target word that occur in a text and its translation
	choices        [2][][]uint32 // for each word of a target text the cells it may be of, and the same for source texts
	size           int           // of all choices
	prob           [2][]float64  // by cell: of the target word given the source word, and the reverse
}

func newBitext() *bitext {
	empty := func() vocabulary { return vocabulary{number: map[string]uint32{}, words: []word{{}}} }
	return &bitext{source: empty(), target: empty(), number: map[[2]uint32]uint32{}}
}

func (t *bitext) add(source, target string) {
	s, w := t.source.numbers(source), t.target.numbers(target)
	if max(len(s), len(w)) > maxWords+1 {
		return
	}
	for _, word := range w[1:] {
		t.choose(0, s, []uint32{word})
	}
	for _, word := range s[1:] {
		t.choose(1, []uint32{word}, w)
	}
}

func (t *bitext) choose(given int, source, target []uint32) {
	var cells []uint32
	for _, s := range source {
		for _, w := range target {
			n, ok := t.number[[2]uint32{s, w}]
			if !ok {
				n = uint32(len(t.cells))
				t.number[[2]uint32{s, w}], t.cells = n, append(t.cells, [2]uint32{s, w})
			}
			cells = append(cells, n)
		}
	}
	t.choices[given] = append(t.choices[given], cells)
	t.size += len(cells)
}

// align estimates the probabilities of IBM Model 1 by expectation maximisation,
// in both directions: a word counts as the translation of every word of the
// other text in proportion to the probabilities so far.
func (t *bitext) align() {
	for given := range t.prob {
		prob := slices.Repeat([]float64{1}, len(t.cells))
		for range iterations {
			expected, total := make([]float64, len(t.cells)), map[uint32]float64{}
			for _, cells := range t.choices[given] {
				sum := 0.0
				for _, cell := range cells {
					sum += prob[cell]
				}
				for _, cell := range cells {
					expected[cell] += prob[cell] / sum
				}
			}
			for cell, x := range expected {
				total[t.cells[cell][given]] += x
			}
			for cell, x := range expected {
				prob[cell] = x / total[t.cells[cell][given]]
			}
		}
		t.prob[given] = prob
	}
}

// translations returns the pairs of words that are each other's most probable
// translation, surely enough.
func (t *bitext) translations(minCount int) [][2]string {
	best := [2]map[uint32]int{{}, {}} // the likeliest cell of each source and each target word
	for cell, c := range t.cells {
		for given := range best {
			if old, ok := best[given][c[given]]; !ok || t.prob[given][cell] > t.prob[given][old] {
				best[given][c[given]] = cell
			}
		}
	}
	var pairs [][2]string
	for cell, c := range t.cells {
		source, target := t.source.words[c[0]], t.target.words[c[1]]
		if c[0] != 0 && c[1] != 0 && best[0][c[0]] == cell && best[1][c[1]] == cell &&
			min(source.count, target.count) >= minCount && source.lower != target.lower &&
			t.prob[0][cell]*t.prob[1][cell] >= certainty {
			pairs = append(pairs, [2]string{source.lower, target.written()})
		}
	}
	return pairs
}
