package git

import (
	"context"
	"fmt"
	"strings"
)

// Refs returns what points at commits, by full hash: tags, tips of branches
// here and elsewhere, and HEAD, such as "tag v1" and "branch origin/main". The
// error wraps ErrNone without a repository.
func Refs(ctx context.Context, dir string) (map[string][]string, error) {
	out, err := output(ctx, dir, "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", "refs/tags", "refs/heads", "refs/remotes")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	refs := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), " ")
		if len(fields) != 3 {
			return nil, fmt.Errorf("git for-each-ref says %q", line)
		}
		commit := fields[0]
		if fields[1] != "" { // what a tag with a message points at
			commit = fields[1]
		}
		name := fields[2]
		for prefix, kind := range map[string]string{"refs/tags/": "tag ", "refs/heads/": "branch ", "refs/remotes/": "branch "} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				name = kind + rest
			}
		}
		refs[commit] = append(refs[commit], name)
	}
	// The checkout may be on no branch.
	if head, err := output(ctx, dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err == nil {
		if commit := strings.TrimSpace(string(head)); refs[commit] == nil {
			refs[commit] = []string{"HEAD"}
		}
	}
	return refs, nil
}
