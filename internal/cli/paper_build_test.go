package cli_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"repro/internal/testkit"
)

// paperBuilds builds the paper of a workflow that has run. Nothing may be too
// wide, and it may have so many pages.
func paperBuilds(t *testing.T, binary string, pages int, args ...string) {
	t.Helper()
	for _, program := range []string{"latexmk", "pandoc", "pdfinfo"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Log(program + " is not installed, so no paper is built: just test does it")
			return
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
}
