package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
)

// models returns a folder of models that are enough to plan with: planning
// looks at what is there, not into it.
func models(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"XLM-R", "LaBSE"} {
		file := filepath.Join(dir, name, "config.json")
		if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("{}"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func needTransformer(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(testkit.Root(), "bin/repro-gotch/plugin.hcl")); err != nil {
		t.Skip("needs bin/repro-gotch: just gotch makes it")
	}
}

func TestFollowUpWorkflowsPlanAtEveryScale(t *testing.T) {
	t.Parallel()
	for _, workflow := range []string{"lowresource", "simcse"} {
		for _, scale := range []string{"smoke", "small", "paper"} {
			for _, more := range []string{"backend=static", "backend=transformer", "train_langs=[\"en\", \"de\"]", "nli=snli", "wiki1m_sha256=" + strings.Repeat("0", 64)} {
				name, _, _ := strings.Cut(more, "=")
				if (name == "train_langs") != (workflow == "lowresource") && name != "backend" {
					continue // a variable of the other
				}
				t.Run(workflow+" "+scale+" "+more, func(t *testing.T) {
					t.Parallel()
					if more != "backend=static" {
						needTransformer(t)
					}
					out, err := self(t, testkit.Root(), "plan", "workflows/"+workflow+".hcl", "--var", "scale="+scale, "--var", more,
						"--var", "models="+models(t), "--cache", filepath.Join(t.TempDir(), "cache")).CombinedOutput()
					if err != nil || !strings.Contains(string(out), " to run, ") {
						t.Errorf("%v\n%s", err, out)
					}
				})
			}
		}
	}
}

// cells runs a workflow with one seed and returns the means in a table, by the
// values of some of its dimensions.
func cells(t *testing.T, table string, dims []string, args ...string) map[string]float64 {
	t.Helper()
	if _, err := exec.LookPath("apertium"); err != nil {
		t.Skip("Apertium is not installed: just setup does it")
	}
	binary := buildBinary(t)
	args = append([]string{"--json", "--var", "seeds=[0]", "--cache", t.TempDir()}, args...)
	defer paperBuilds(t, binary, 1, args...)
	cmd := exec.Command(binary, append([]string{"run"}, args...)...)
	cmd.Dir = testkit.Root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answer struct {
		Tables []struct {
			Name  string
			Cells []struct {
				Dims map[string]string
				Mean float64
			}
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	means := map[string]float64{}
	for _, have := range answer.Tables {
		if have.Name != table {
			continue
		}
		for _, c := range have.Cells {
			var values []string
			for _, dim := range dims {
				values = append(values, c.Dims[dim])
			}
			means[strings.Join(values, ", ")] = c.Mean
		}
	}
	if len(means) == 0 {
		t.Fatalf("the table %s is empty:\n%s", table, out)
	}
	return means
}

func TestLowResourceRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	got := cells(t, "gain", []string{"setting", "group", "sampler"}, "workflows/lowresource.hcl")
	if n := len(got); n != 8*3 {
		t.Errorf("%d cells, want one for each group and arm: %v", n, got)
	}
	seen, unseen := got["cross-lingual, rest → rest, hybrid"], got["cross-lingual, low → low, hybrid"]
	if seen < 0.1 || unseen > seen/2 {
		t.Errorf("hybrid gains %.3f where both languages were trained on, %.3f where none was", seen, unseen)
	}
}

func TestSimCSERuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	got := cells(t, "against_hybrid", []string{"setting", "sampler"}, "workflows/simcse.hcl", "--var", "backend=static")
	for _, arm := range []string{"untrained", "simcse-supervised", "x-x-mono"} {
		if d, ok := got["cross-lingual, "+arm]; !ok || d > -0.05 {
			t.Errorf("%s is %.3f above hybrid across languages, although it saw no two of them together", arm, d)
		}
	}
}

func TestSimCSERunsOnTransformers(t *testing.T) {
	t.Parallel()
	needTransformer(t)
	if testing.Short() {
		t.Skip("takes a minute")
	}
	got := cells(t, "english", []string{"sampler"}, "workflows/simcse.hcl", "--var", "steps=20")
	for _, arm := range []string{"untrained", "simcse", "simcse-supervised", "x-x-mono", "x-y", "hybrid"} {
		if got[arm] < 0.1 { // a random ranking has some 0.06
			t.Errorf("%s has nDCG@10 %.3f in English", arm, got[arm])
		}
	}
}

// TestGroupsOfPairs holds workflows/data/groups.awk, with any awk there is, to
// an example by hand.
func TestGroupsOfPairs(t *testing.T) {
	t.Parallel()
	const format = `[
{"setting":"cross-lingual","query_lang":"ar","doc_lang":"de","metric":"map","value":AR,"queries":5},
{"setting":"cross-lingual","query_lang":"de","doc_lang":"en","metric":"map","value":0.25,"queries":5},
{"setting":"cross-lingual","query_lang":"en","doc_lang":"de","metric":"map","value":1e-05,"queries":5},
{"setting":"cross-lingual","query_lang":"en","doc_lang":"de","metric":"mrr","value":0.5,"queries":5},
{"setting":"multilingual","query_lang":"ar","doc_lang":"all","metric":"map","value":0.5,"queries":5}
]
`
	want := []map[string]any{
		{"setting": "cross-lingual", "group": "low → rest", "metric": "map", "value": 0.75},
		{"setting": "cross-lingual", "group": "low → rest", "metric": "map-gain", "value": 0.5},
		{"setting": "cross-lingual", "group": "rest → rest", "metric": "map", "value": 0.125005},
		{"setting": "cross-lingual", "group": "rest → rest", "metric": "map-gain", "value": 0.},
		{"setting": "multilingual", "group": "low", "metric": "map", "value": 0.5},
		{"setting": "multilingual", "group": "low", "metric": "map-gain", "value": 0.},
	}
	dir := t.TempDir()
	for name, value := range map[string]string{"arm": "0.75", "reference": "0.25"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(format, "AR", value, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	awks(t, want, "-v", "low=ar hi", "-f", program("groups.awk"), filepath.Join(dir, "arm"), filepath.Join(dir, "reference"))
}

func program(name string) string { return filepath.Join(testkit.Root(), "workflows/data", name) }

// awks holds what any awk there is prints against metrics.
func awks(t *testing.T, want []map[string]any, args ...string) {
	t.Helper()
	for _, awk := range []string{"awk", "mawk", "gawk", "original-awk"} {
		if _, err := exec.LookPath(awk); err != nil {
			continue
		}
		out, err := exec.Command(awk, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", awk, err, out)
		}
		var got []map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v\n%s", awk, err, out)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", awk, diff)
		}
	}
}

// written returns a new file with this content.
func written(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestBatchesAreCountedByTheirRows: whatever the sampler calls them.
func TestBatchesAreCountedByTheirRows(t *testing.T) {
	t.Parallel()
	batch := func(langs ...string) string {
		var rows []string
		for _, l := range langs {
			query, passage, _ := strings.Cut(l, "-")
			rows = append(rows, `{"id":"a \"query\": \\","query":"`+query+`","passage":"`+passage+`","query_text":"\"query\":\"","negatives":[{"id":"x","lang":"fr"}]}`)
		}
		return `{"step":0,"draw":"x","dataset":"query","rows":[` + strings.Join(rows, ",") + "]}\n"
	}
	batches := batch("de-de", "de-de") + batch("en-en") + batch("de-en", "de-fr", "en-de") + batch("en-en", "de-de") +
		batch("en-en", "en-de") + batch("en-de", "en-en") + batch("en-en", "en-en") + batch("en-de")
	awks(t, []map[string]any{
		{"batches": "monolingual", "metric": "share", "value": 0.375},
		{"batches": "cross-lingual", "metric": "share", "value": 0.25},
		{"batches": "mixed", "metric": "share", "value": 0.375},
	}, "-f", program("batches.awk"), written(t, batches))
}

func TestProvenanceIsByDatasetAndLanguage(t *testing.T) {
	t.Parallel()
	var records []map[string]any
	for _, r := range []struct {
		dataset, lang, origin string
		pairs                 int
	}{{"a", "en", "original", 9}, {"a", "es", "apertium en→es", 3}, {"a", "es", "human", 1}, {"b", "es", "human", 1}, {"a", "de", "apertium en→de", 2}, {"a", "sw", "original", 2}} {
		records = append(records, map[string]any{"dataset": r.dataset, "lang": r.lang, "origin": r.origin, "metric": "pairs", "value": r.pairs})
	}
	composition, err := json.MarshalIndent(records, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	awks(t, []map[string]any{
		{"dataset": "a", "lang": "es", "metric": "machine-translated", "value": 0.75},
		{"dataset": "b", "lang": "es", "metric": "machine-translated", "value": 0.},
		{"dataset": "a", "lang": "de", "metric": "machine-translated", "value": 1.},
		{"dataset": "a", "lang": "sw", "metric": "machine-translated", "value": 0.},
	}, "-f", program("provenance.awk"), written(t, string(composition)+"\n"))
}

// TestProvenanceAtScalePaper has SQuAD and its translations in small: English is
// no translation, all else is, and the claim fails because one set is not several.
func TestProvenanceAtScalePaper(t *testing.T) {
	t.Parallel()
	root, mirror := t.TempDir(), t.TempDir()
	for _, dir := range []string{"workflows", "paper"} {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(filepath.Join(testkit.Root(), dir))); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "workflows/paper.hcl")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, squad, ok := strings.Cut(string(b), "\n    squad = {\n")
	if !ok {
		t.Fatal("paper.hcl has no checksums of SQuAD")
	}
	squad = regexp.MustCompile(`(\w+) = "\w{64}"`).ReplaceAllStringFunc(squad, func(line string) string {
		lang, _, _ := strings.Cut(line, " ")
		return fmt.Sprintf("%s = %q", lang, mirrored(t, mirror, squadOf(lang)))
	})
	text := strings.ReplaceAll(before+"\n    squad = {\n"+squad, "steps = 10000", "steps = 2")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := func(command string, more ...string) []string {
		return append([]string{command, "workflows/paper.hcl", "--var", "scale=paper", "--var", "backend=static", "--cache", filepath.Join(root, "cache")}, more...)
	}
	if out, err := self(t, root, args("run", "exec.provenance", "--mirror", mirror)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := self(t, root, args("claims", "--only", "provenance", "-v")...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "fails: dataset: 1, claimed at least 2 at dataset=squad, lang=en, origin=original") ||
		strings.Count(string(out), "holds: machine-translated: 1.00") != 8 || strings.Contains(string(out), "no data") {
		t.Errorf("%v\n%s", err, out)
	}
}

// squadOf returns 100 questions in the format of SQuAD.
func squadOf(lang string) []byte {
	var paragraphs []string
	for i := range 100 {
		paragraphs = append(paragraphs, fmt.Sprintf(`{"context": "%[1]s has %[2]d.", "qas": [{"id": "q%[2]d", "question": "What has %[2]d in %[1]s?", "answers": [{"text": "%[1]s", "answer_start": 0}]}]}`, lang, i))
	}
	return fmt.Appendf(nil, `{"data": [{"paragraphs": [%s]}]}`, strings.Join(paragraphs, ", "))
}

// mirrored puts a file into a mirror and returns its checksum.
func mirrored(t *testing.T, dir string, content []byte) string {
	t.Helper()
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	if err := os.WriteFile(filepath.Join(dir, sum), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return sum
}
