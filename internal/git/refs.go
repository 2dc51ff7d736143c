package git

import (
	"context"
	"fmt"
	"strings"
)

// Repository is one that questions about commits are asked of.
type Repository struct {
	dir string
	env []string
}

// Here is the repository of the checkout that holds dir, or the one that git's
// variables name.
func Here(dir string) *Repository { return &Repository{dir: dir, env: looking()} }

// Elsewhere is the repository of the checkout that holds dir, whatever git's
// variables name: hooks and aliases set them for the one that the user is in.
func Elsewhere(dir string) *Repository {
	return &Repository{dir: dir, env: append(apart(), "GIT_OPTIONAL_LOCKS=0")}
}

func (r *Repository) output(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, r.dir, r.env, args...)
}

// Refs returns what points at commits, by full hash: tags, tips of branches
// here and elsewhere, and HEAD, such as "tag v1" and "branch origin/main". The
// error wraps ErrNone without a repository.
func (r *Repository) Refs(ctx context.Context) (map[string][]string, error) {
	out, err := r.output(ctx, "for-each-ref", "--format=%(objectname) %(*objectname) %(*objecttype) %(refname)", "refs/tags", "refs/heads", "refs/remotes")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	refs := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), " ")
		if len(fields) != 4 {
			return nil, fmt.Errorf("git for-each-ref says %q", line)
		}
		commit := fields[0]
		if fields[1] != "" { // what a tag with a message points at
			commit = fields[1]
		}
		name := fields[3]
		if fields[2] == "tag" { // a tag of a tag: before 2.45, git looks at one only
			peeled, err := r.output(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}")
			if err != nil {
				continue // it is of no commit
			}
			commit = strings.TrimSpace(string(peeled))
		}
		for prefix, kind := range map[string]string{"refs/tags/": "tag ", "refs/heads/": "branch ", "refs/remotes/": "branch "} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				name = kind + rest
			}
		}
		refs[commit] = append(refs[commit], name)
	}
	// The checkout may be on no branch.
	if head, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err == nil {
		if commit := strings.TrimSpace(string(head)); refs[commit] == nil {
			refs[commit] = []string{"HEAD"}
		}
	}
	return refs, nil
}

// Subjects returns the first line of the message of each commit that the
// repository still has, by full hash.
func (r *Repository) Subjects(ctx context.Context, commits []string) map[string]string {
	subjects := map[string]string{}
	if len(commits) == 0 {
		return subjects
	}
	args := append([]string{"log", "--no-walk=unsorted", "--ignore-missing", "--format=%H %s", "--end-of-options"}, commits...)
	out, err := r.output(ctx, args...)
	if err != nil {
		return subjects // no repository any more: the list does without
	}
	for line := range strings.Lines(string(out)) {
		commit, subject, _ := strings.Cut(strings.TrimSpace(line), " ")
		subjects[commit] = subject
	}
	return subjects
}
