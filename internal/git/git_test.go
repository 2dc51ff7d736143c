package git_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"repro/internal/git"
)

func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"init", "-q"},
		{"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "first"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func stateOf(t *testing.T, dir string) git.State {
	t.Helper()
	s, err := git.StateOf(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStateOfACleanCheckout(t *testing.T) {
	t.Parallel()
	s := stateOf(t, repository(t))
	if len(s.Commit) != 40 || s.Dirty != "" {
		t.Errorf("%+v", s)
	}
}

func TestDirtyChangesWithEveryDifference(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	seen := map[string]string{stateOf(t, dir).Dirty: "nothing"}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s := stateOf(t, dir)
		if earlier, dup := seen[s.Dirty]; dup {
			t.Errorf("after %s = %q the digest is the same as after %s", name, text, earlier)
		}
		seen[s.Dirty] = name + " = " + text
	}
	write("a file", "one")
	write("a file", "two")
	write("ü", "two")
}

func TestFilesThatAreLeftOutMakeNoDifference(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	for _, name := range []string{"cache/a", "cache/b", "other"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dirty := func(leave ...string) string {
		t.Helper()
		s, err := git.StateOf(t.Context(), dir, func(name string) bool {
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				t.Error(err)
			}
			return slices.Contains(leave, rel)
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.Dirty
	}
	all, some, none := dirty(), dirty("cache/a", "cache/b"), dirty("cache/a", "cache/b", "other")
	if all == "" || some == "" || all == some || none != "" {
		t.Errorf("all %q, some %q, none %q", all, some, none)
	}
	if err := os.RemoveAll(filepath.Join(dir, "cache")); err != nil {
		t.Fatal(err)
	}
	if now := dirty(); now != some {
		t.Errorf("without them %q, want %q", now, some)
	}
}

func TestNoCheckoutIsNoError(t *testing.T) {
	t.Parallel()
	if _, err := git.StateOf(t.Context(), t.TempDir(), nil); !errors.Is(err, git.ErrNone) {
		t.Errorf("got %v, want ErrNone", err)
	}
}
