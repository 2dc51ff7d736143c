package lock_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/engine/lock"
)

func sample() *lock.Lock {
	return &lock.Lock{
		Sources: map[string]string{"data/ü ${x}.jsonl": "0abc/3", "../shared \"quoted\"": "1def/4"},
		Tools:   map[string]string{"apertium": "3.8.3"},
		Plugins: map[string]map[string]string{"code-switch": {"files": "h1:abc=", "protocol": "1"}},
	}
}

func TestWhatIsWrittenIsLoaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := lock.Load(dir); !lock.None(err) {
		t.Errorf("no file: got %v", err)
	}
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := lock.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if drift := got.Drift(sample()); drift != nil {
		t.Errorf("drift %v", drift)
	}
	before, err := os.ReadFile(filepath.Join(dir, lock.File))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Write(dir); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, lock.File))
	if err != nil || string(before) != string(after) {
		t.Errorf("written twice it differs: %v", err)
	}
}

func TestDriftNamesEveryDifference(t *testing.T) {
	t.Parallel()
	now := sample()
	now.Plugins["code-switch"]["files"] = "h1:xyz="
	now.Plugins["hardneg"] = map[string]string{"files": "h1:new="}
	now.Tools["apertium"] = "3.8.4"
	now.Sources["new.jsonl"] = "2aaa/5"
	delete(now.Sources, "data/ü ${x}.jsonl") // another workflow's
	want := []string{
		"plugin code-switch files: h1:xyz=, locked is h1:abc=",
		"plugin hardneg is not locked",
		"tool apertium: 3.8.4, locked is 3.8.3",
		"source new.jsonl is not locked",
	}
	if diff := cmp.Diff(want, sample().Drift(now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l := sample()
	l.Add(now)
	if drift := l.Drift(now); drift != nil || l.Sources["data/ü ${x}.jsonl"] == "" {
		t.Errorf("after Add: drift %v, sources %v", drift, l.Sources)
	}
}

func TestADamagedLockSaysTheWayOut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<<<<<<< HEAD\n", "plugin {}\n", "sources = 7\n", "plugin \"x\" { files = 7 }\n", "other = 1\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, lock.File), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Load(dir); err == nil || lock.None(err) || !strings.Contains(err.Error(), "repro.lock is damaged") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
