package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"repro/internal/git"
)

func TestCheckoutGivesTheFilesOfACommit(t *testing.T) {
	t.Parallel()
	repo := repository(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		cmd.Dir = repo
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.MkdirAll(filepath.Join(repo, "sub", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"sub/tool": 0o755, "sub/deep/text": 0o644, "outside": 0o644} {
		if err := os.WriteFile(filepath.Join(repo, name), []byte("first "+name), mode); err != nil {
			t.Fatal(err)
		}
	}
	run("add", ".")
	run("commit", "-q", "-m", "files")
	commit := run("rev-parse", "HEAD")
	run("rm", "-q", "-r", "sub")
	run("commit", "-q", "-m", "gone")

	dir := filepath.Join(t.TempDir(), "checkout")
	if err := git.Checkout(t.Context(), dir, repo, commit, "sub"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "deep", "text"))
	if err != nil || string(text) != "first sub/deep/text" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "tool")); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("the tool is not executable: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "outside")); err == nil {
		t.Error("a file from outside of the folder is there")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}

	for _, c := range []struct{ repository, commit, folder, want string }{
		{repo, strings.Repeat("0", 40), "", "has no commit"},
		{repo, commit, "elsewhere", "elsewhere"},
		{repo + "/none", commit, "", "cannot fetch"},
	} {
		err := git.Checkout(t.Context(), filepath.Join(t.TempDir(), "x"), c.repository, c.commit, c.folder)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// TestCheckoutLeavesTheUsersRepositoryAlone: hooks set variables that make
// every git write into the repository that they run in.
func TestCheckoutLeavesTheUsersRepositoryAlone(t *testing.T) {
	users, other := repository(t), repository(t)
	head, err := exec.Command("git", "-C", users, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "other")
	cmd.Dir = other
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("GIT_DIR", filepath.Join(users, ".git"))
	if err := git.Checkout(t.Context(), filepath.Join(t.TempDir(), "x"), other, strings.Repeat("1", 40), ""); err == nil {
		t.Error("a commit that is nowhere was found")
	}
	again, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil || string(again) != string(head) {
		t.Errorf("the user's branch went from %s to %s, %v", head, again, err)
	}
	mark := filepath.Join(t.TempDir(), "mark")
	if err := git.Checkout(t.Context(), filepath.Join(t.TempDir(), "y"), "--upload-pack=touch "+mark, strings.Repeat("1", 40), ""); err == nil {
		t.Error("an option was taken for a repository")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the source of a plugin was run as a command")
	}
}
