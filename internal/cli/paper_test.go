package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/reports/claims"
	"repro/stages/corpus"
)

// paper runs workflows/paper.hcl with one seed in a cache of its own, with the
// binary that users run: under the race detector training takes ten times as long.
func paper(t *testing.T, binary, cache string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("apertium"); err != nil {
		t.Skip("Apertium is not installed: just setup does it")
	}
	cmd := exec.Command(binary, append([]string{"run", "workflows/paper.hcl", "--json", "--var", "seeds=[0]", "--cache", cache}, args...)...)
	cmd.Dir = testkit.Root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return out
}

// TestPaperIsReproducible runs the demo twice from empty caches, with other
// numbers of jobs: every output of every stage must have the same bytes. Then
// it adds a seed, which must run the new arm and nothing else.
func TestPaperIsReproducible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	binary := buildBinary(t)
	first, second := t.TempDir(), t.TempDir()
	got := paper(t, binary, first, "--jobs", "2")
	again := paper(t, binary, second, "--jobs", "1")
	if diff := cmp.Diff(digests(t, got), digests(t, again)); diff != "" {
		t.Errorf("outputs of two runs from empty caches:\n%s", diff)
	}
	if n := strings.Count(digests(t, got), "\n"); n < 40 {
		t.Errorf("only %d outputs were compared", n)
	}
	for _, s := range parseAnswer(t, paper(t, binary, first, "--var", "seeds=[0, 1]")).Stages {
		want := "hit"
		if strings.Contains(s.Addr, "seed=1") {
			want = "ran"
		}
		if s.State != want {
			t.Errorf("after adding a seed: %s %s, want %s", s.Addr, s.State, want)
		}
	}
	checkPaperClaims(t, binary, first)
	paperBuilds(t, binary, 5, "--json", "workflows/paper.hcl", "--var", "seeds=[0, 1]", "--cache", first)
	paperOfOneSeed(t, binary, first)
}

// checkPaperClaims judges the paper's claims by two seeds of the demo: what is
// plain on any data, and what the paper's own numbers say.
func checkPaperClaims(t *testing.T, binary, cache string) {
	t.Helper()
	cmd := exec.Command(binary, "claims", "workflows/paper.hcl", "--json", "--var", "seeds=[0, 1]", "--cache", cache)
	cmd.Dir = testkit.Root()
	out, err := cmd.Output()
	if err != nil { // no claim fails
		t.Fatalf("claims: %v\n%s", err, out)
	}
	var results []claims.Result
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	got := map[string][2]claims.Verdict{}
	for _, r := range results {
		got[r.Claim.Name] = [2]claims.Verdict{r.Ours.Verdict, r.Published.Verdict}
		if want := "dataset: 3, claimed 3"; r.Claim.Name == "sets" && !strings.HasPrefix(r.Published.Reason, want) {
			t.Errorf("published sets: %s, want %s", r.Published.Reason, want)
		}
	}
	for name, want := range map[string][2]claims.Verdict{
		"balanced":            {claims.NotSignificant, claims.NoData}, // 300 batches
		"provenance":          {claims.NoData, claims.NoData},         // the bundled corpus stands in for none of its sets
		"sets":                {claims.NoData, claims.Holds},
		"measure":             {claims.NoData, claims.Holds},
		"languages":           {claims.NoData, claims.Holds},
		"disjoint":            {claims.Holds, claims.NoData},
		"language-bias":       {claims.Holds, claims.Holds},
		"hybrid-multilingual": {claims.NotSignificant, claims.NotSignificant},
		"both-models":         {claims.NoData, claims.NotSignificant},
		"zero-shot":           {claims.NoData, claims.NoData}, // all languages are trained on
	} {
		if got[name] != want {
			t.Errorf("claim %s: %q, want %q", name, got[name], want)
		}
	}
}

// TestPaperPlansAtEveryScale holds what cannot run here to what can be known.
func TestPaperPlansAtEveryScale(t *testing.T) {
	t.Parallel()
	models := t.TempDir() // planning looks at what is there, not into it
	for _, name := range []string{"XLM-R", "LaBSE"} {
		file := filepath.Join(models, name, "config.json")
		if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("{}"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, scale := range []string{"smoke", "small", "paper"} {
		if _, err := os.Stat(filepath.Join(testkit.Root(), "bin/repro-gotch/plugin.hcl")); scale == "paper" && err != nil {
			t.Skip("scale=paper needs bin/repro-gotch: just gotch makes it")
		}
		out, err := self(t, testkit.Root(), "plan", "workflows/paper.hcl", "--var", "scale="+scale, "--var", "models="+models, "--cache", filepath.Join(t.TempDir(), "cache")).CombinedOutput()
		if err != nil || !strings.Contains(string(out), " to run, ") {
			t.Errorf("%s: %v\n%s", scale, err, out)
		}
	}
}

// TestPaperSaysHowToGetItsBackend: at scale=paper a plugin trains that no
// repository has.
func TestPaperSaysHowToGetItsBackend(t *testing.T) {
	t.Parallel()
	// The plugin's folder is missing beside a copy of the workflow.
	dir := filepath.Join(t.TempDir(), "workflows")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testkit.Root(), "workflows"))); err != nil {
		t.Fatal(err)
	}
	out, err := self(t, dir, "validate", "paper.hcl", "--var", "scale=paper").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Make it with: npx --yes rust-just gotch") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestBundledSplitsShareNoText holds the promise of workflows/data/facts.
func TestBundledSplitsShareNoText(t *testing.T) {
	t.Parallel()
	type fact struct{ ID, Question, Passage string }
	load := func(split, lang string) []fact {
		facts, err := corpus.LoadLines[fact](filepath.Join(testkit.Root(), "workflows/data/facts", split, lang+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return facts
	}
	for _, lang := range []string{"en", "es", "pt", "gl", "de", "sw"} {
		seen := map[string]string{} // text or id → where
		for _, split := range []string{"train", "test"} {
			facts := load(split, lang)
			if want := map[string]int{"train": 160, "test": 80}[split]; len(facts) != want {
				t.Errorf("%s %s: %d facts, want %d", split, lang, len(facts), want)
			}
			for _, f := range facts {
				for _, text := range []string{f.ID, strings.ToLower(f.Question), strings.ToLower(f.Passage)} {
					if where, dup := seen[text]; dup || text == "" {
						t.Errorf("%s %s: %q occurs in %s already", split, lang, text, where)
					}
					seen[text] = split + " " + f.ID
				}
			}
		}
	}
}
