package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"repro/cache/disk"
	"repro/cache/runs"
	"repro/internal/git"
	"repro/reports"
)

// past is the commit that a project's files are of.
type past struct {
	*git.Revision
	unpacked string   // its files
	present  string   // the workflow's folder in the working tree
	notes    []string // what is not as the commit has it
}

// keptRevisions is how many commits stay unpacked beside the cache.
const keptRevisions = 8

// revision returns the project as a commit has it: its files are unpacked beside
// the cache, and the working tree is not touched.
func (p *project) revision(ctx context.Context, t *terminal, name string) (*project, error) {
	rev, err := git.Resolve(ctx, p.root, name)
	if errors.Is(err, git.ErrNone) {
		return nil, fmt.Errorf("%s: there is no git repository around %s. Runs can be compared without one: see repro history", name, p.file)
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(p.dir, "revisions", rev.Tree[:20])
	if exists(dir) {
		_ = os.Chtimes(dir, time.Time{}, time.Now()) // those that are looked at stay
	} else {
		t.say("reading the files of %s from the repository", revisionLabel(rev))
		if err := rev.Unpack(ctx, dir); err != nil {
			return nil, err
		}
		pruneRevisions(filepath.Dir(dir), dir)
	}
	at := func(path string) (string, error) {
		rel, err := below(rev.Top, path)
		return filepath.Join(dir, rel), err
	}
	file, err := at(p.file)
	if err != nil {
		return nil, err
	}
	if !exists(file) {
		return nil, p.noWorkflow(rev, dir)
	}
	root, err := at(p.root)
	if err != nil {
		return nil, err
	}
	flags := *p.flags
	flags.varFiles = slices.Clone(flags.varFiles)
	for i, name := range flags.varFiles { // the commit's, if they are part of it
		if then, err := at(name); err == nil && exists(then) {
			flags.varFiles[i] = then
		}
	}
	return &project{
		flags: &flags, file: file, patterns: p.patterns, root: root, dir: p.dir, runs: p.runs,
		past: &past{Revision: rev, unpacked: dir, present: filepath.Dir(p.file)},
	}, nil
}

// noWorkflow says which workflows a commit has in place of the one that is asked
// for, which may have had another name then.
func (p *project) noWorkflow(rev *git.Revision, dir string) error {
	var known []string
	for _, pattern := range workflowPatterns {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, file := range found {
			known = append(known, filepath.ToSlash(strings.TrimPrefix(file, dir+string(filepath.Separator))))
		}
	}
	hint := "it has none at its top or in workflows/"
	if len(known) > 0 {
		hint = "it has " + strings.Join(known, ", ")
	}
	return fmt.Errorf("%s has no file %s; %s. Runs of a workflow that was moved can be compared by their IDs: repro history FILE lists them",
		revisionLabel(rev), p.workflowID(), hint)
}

// below returns the path from the folder top, which must hold it.
func below(top, path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if real, err := filepath.EvalSymlinks(top); err == nil {
		top = real
	}
	rel, err := filepath.Rel(top, path)
	if err == nil && !filepath.IsLocal(rel) {
		err = fmt.Errorf("%s is not within the repository %s", path, top)
	}
	return rel, err
}

// pruneRevisions removes the commits that were looked at longest ago.
func pruneRevisions(parent, keep string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return modified(b).Compare(modified(a)) })
	entries = slices.DeleteFunc(entries, func(entry os.DirEntry) bool { return !isRevision(entry.Name()) })
	for _, entry := range entries[min(keptRevisions, len(entries)):] {
		if dir := filepath.Join(parent, entry.Name()); dir != keep {
			_ = os.RemoveAll(dir) // a leftover costs space only
		}
	}
}

func revisionLabel(rev *git.Revision) string {
	if rev.Name == rev.Commit {
		return rev.Commit[:12]
	}
	return fmt.Sprintf("%s (%s)", rev.Name, rev.Commit[:12])
}

// presentDir returns the working tree's folder for one that a commit names, and
// "" if there is none.
func (p *project) presentDir(source string) string {
	if p.past == nil || filepath.IsAbs(source) {
		return ""
	}
	dir := filepath.Join(p.past.present, filepath.FromSlash(source))
	if !exists(dir) {
		return ""
	}
	return dir
}

// recordOf returns the newest finished run of a commit as it is, with these
// values of variables, or nil.
func (p *project) recordOf(t *terminal, commit string, vars map[string]string) (*runs.Run, error) {
	list, err := p.records().List()
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		if h.Commit != commit || h.Dirty != "" || h.Status != runs.Done || h.Workflow != p.workflowID() {
			continue
		}
		r, err := p.records().Load(h.ID)
		if err != nil {
			t.say("warning: a record is left out: %v", err)
			continue
		}
		if len(r.Targets) == 0 && includes(r.Vars, vars) {
			return r, nil
		}
	}
	return nil, nil
}

// includes reports whether all has all of some.
func includes(all, some map[string]string) bool {
	for name, value := range some {
		if all[name] != value {
			return false
		}
	}
	return true
}

// pastSnapshot returns the results of a commit: by the keys that its files
// give, or, if not all of those have results, by the record of a run of it.
func (p *project) pastSnapshot(ctx context.Context, t *terminal, store *disk.Store) (*reports.Snapshot, error) {
	label := revisionLabel(p.past.Revision)
	var story bytes.Buffer // of what may turn out not to matter
	found, vars, err := p.pastByKey(ctx, &terminal{out: t.out, err: &story}, store)
	if err == nil && found.Missing() == 0 {
		_, err = t.err.Write(story.Bytes())
		return found, err
	}
	var record *runs.Run
	if vars != nil { // else nobody knows what its variables were
		var recordErr error
		if record, recordErr = p.recordOf(t, p.past.Commit, vars); recordErr != nil {
			return nil, recordErr
		}
	}
	if record != nil {
		s := reports.NewSnapshot(label, record, store)
		s.Notes = []string{fmt.Sprintf("%s is shown as run %s recorded it.", label, record.ID)}
		return s, nil
	}
	if _, writeErr := t.err.Write(story.Bytes()); writeErr != nil {
		return nil, writeErr
	}
	if err != nil {
		t.say("this is how %s has %s, and no run of it with these variables is on record", label, p.workflowID())
		return nil, err
	}
	return found, nil
}

// pastByKey also returns the variables, as far as the workflow could be read.
func (p *project) pastByKey(ctx context.Context, t *terminal, store *disk.Store) (*reports.Snapshot, map[string]string, error) {
	w, err := p.load(ctx, t)
	if err != nil {
		if w == nil {
			return nil, nil, err
		}
		return nil, w.Vars, err
	}
	made, err := p.plan(ctx, t, w, store, nil)
	if err != nil {
		return nil, w.Vars, err
	}
	found, err := p.snapshot(ctx, made, store)
	if err != nil {
		return nil, w.Vars, err
	}
	found.Label = revisionLabel(p.past.Revision)
	found.Notes = p.past.notes
	return found, w.Vars, nil
}

func modified(entry os.DirEntry) time.Time {
	info, err := entry.Info()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
