package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"repro/internal/testkit"
)

// paperBuilds builds the paper of a workflow that has run. Nothing may be too
// wide, and it may have so many pages. It returns the text of the HTML, "" if
// programs are missing: then it is a test of its own that is skipped.
func paperBuilds(t *testing.T, binary string, pages int, args ...string) (text string) {
	t.Helper()
	t.Run("paper", func(t *testing.T) { text = builtPaper(t, binary, pages, args...) })
	return text
}

func builtPaper(t *testing.T, binary string, pages int, args ...string) string {
	t.Helper()
	for _, program := range []string{"latexmk", "pandoc", "pdfinfo"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed, so no paper is built: just test does it")
		}
	}
	cmd := exec.Command(binary, append([]string{"paper", "--output", t.TempDir()}, args...)...)
	cmd.Dir = testkit.Root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	var answer struct {
		Papers []struct {
			Numbers  int      `json:"numbers"`
			PDF      string   `json:"pdf"`
			HTML     string   `json:"html"`
			Warnings []string `json:"warnings"`
		} `json:"papers"`
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Papers) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	built := answer.Papers[0]
	if len(built.Warnings) > 0 || built.Numbers < 20 {
		t.Errorf("%d numbers, warnings %q", built.Numbers, built.Warnings)
	}
	info, err := exec.Command("pdfinfo", built.PDF).Output()
	if err != nil {
		t.Fatal(err)
	}
	var have int
	if _, after, ok := strings.Cut(string(info), "Pages:"); ok {
		have, err = strconv.Atoi(strings.Fields(after)[0])
	}
	if err != nil || have < 1 || have > pages {
		t.Errorf("%d pages, want at most %d (%v)", have, pages, err)
	}
	html, err := os.ReadFile(built.HTML) // not below the root, and so absolute
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`<style[\s\S]*?</style>|<annotation[\s\S]*?</annotation>|<[^>]*>`).ReplaceAllString(string(html), "")
	return strings.Join(strings.Fields(text), " ")
}

// paperOfOneSeed builds the paper of a single seed, which has no intervals and
// no chance over seeds to speak of.
func paperOfOneSeed(t *testing.T, binary, cache string) {
	t.Helper()
	text := paperBuilds(t, binary, 5, "--json", "workflows/paper.hcl", "--var", "seeds=[0]", "--cache", cache)
	if text == "" {
		return
	}
	for _, want := range []string{"with one seed", "over questions alone", "evaluate.retrieval", "sampler=hybrid"} {
		if !strings.Contains(text, want) {
			t.Errorf("the paper of one seed does not say %q", want)
		}
	}
	for _, not := range []string{"1 seed ", "1 seeds", "±", "95 %", "both kinds", "confidence"} {
		if i := strings.Index(text, not); i >= 0 {
			t.Errorf("the paper of one seed says %q: …%s", not, text[max(i-60, 0):min(i+60, len(text))])
		}
	}
}
