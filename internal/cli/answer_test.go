package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// answer is the part of run --json that tests look at.
type answer struct {
	Stages []struct {
		Addr    string
		Kind    string
		State   string
		Outputs map[string]struct{ Digest string }
	}
}

func parseAnswer(t testing.TB, out []byte) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// digests returns one line for each output of a run: address, port, digest.
func digests(t testing.TB, out []byte) string {
	t.Helper()
	var b strings.Builder
	for _, s := range parseAnswer(t, out).Stages {
		for _, port := range slices.Sorted(maps.Keys(s.Outputs)) {
			fmt.Fprintf(&b, "%s.%s %s\n", s.Addr, port, s.Outputs[port].Digest)
		}
	}
	return b.String()
}
