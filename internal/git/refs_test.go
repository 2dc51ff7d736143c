package git_test

import (
	"errors"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/git"
)

func TestRefsAreOfCommits(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	command := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	first := stateOf(t, dir).Commit
	command("branch", "-M", "main")
	command("tag", "light")
	command("tag", "-a", "-m", "a message", "full")
	command("tag", "-a", "-m", "another", "twice", "full")
	command("commit", "-q", "--allow-empty", "-m", "second")
	second := stateOf(t, dir).Commit
	command("update-ref", "refs/remotes/origin/topic", second)
	command("checkout", "-q", "--detach")
	command("commit", "-q", "--allow-empty", "-m", "third")
	third := stateOf(t, dir).Commit
	got, err := git.Here(dir).Refs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range got {
		slices.Sort(names)
	}
	want := map[string][]string{first: {"tag full", "tag light", "tag twice"}, second: {"branch main", "branch origin/topic"}, third: {"HEAD"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := git.Elsewhere(t.TempDir()).Refs(t.Context()); !errors.Is(err, git.ErrNone) {
		t.Errorf("outside of a repository: %v", err)
	}
}
