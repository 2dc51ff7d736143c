package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/bundle"
	"repro/engine/lock"
	"repro/internal/git"
	"repro/reports/crate"
	"repro/reports/render"
)

// The folders of a bundle whose files have names.
const (
	bundleWorkflow = "workflow/" // files of the project, as they lie from its root
	bundleTables   = "tables/"
	bundleLogs     = "logs/"
	bundleReadme   = "README.md"
)

// bundleFiles are the files of a bundle, each path and each blob once, and what
// the crate says of them.
type bundleFiles struct {
	files   []bundle.File
	entries []crate.Entry
	paths   map[string]bool
	have    map[cache.Digest]bool
}

func (b *bundleFiles) add(f bundle.File, about crate.Entry) {
	if b.paths[f.Path] {
		return
	}
	b.paths[f.Path], b.have[f.Digest] = true, true
	about.Path, about.Digest = f.Path, f.Digest
	b.files, b.entries = append(b.files, f), append(b.entries, about)
}

// blob adds a blob at its place by digest, unless it has a better one.
func (b *bundleFiles) blob(blobs cache.Blobs, d cache.Digest, name string) {
	if !b.have[d] {
		b.add(bundle.Blob(blobs, d), crate.Entry{Name: name})
	}
}

// files returns all files of the bundle.
func (x *exporter) files(ctx context.Context) ([]bundle.File, error) {
	all := &bundleFiles{paths: map[string]bool{}, have: map[cache.Digest]bool{}}
	in := crate.Input{
		Run: x.record, Name: x.name(), Readme: bundleReadme,
		Workflow: bundleWorkflow + x.workflowID(), Agent: git.User(ctx, x.root),
		Stages: map[string]crate.Stage{}, Trees: map[cache.Digest]cache.Tree{}, Tables: map[string][]string{}, Sources: map[cache.Artifact]bool{},
	}
	for _, step := range []func(context.Context, *bundleFiles, *crate.Input) error{x.projectFiles, x.sources, x.logs, x.blobs, x.tables} {
		if err := step(ctx, all, &in); err != nil {
			return nil, err
		}
	}
	// What other stages made, or the project has, may be of the same bytes.
	maps.DeleteFunc(x.leftOut, func(d cache.Digest, _ bool) bool { return all.have[d] })
	maps.DeleteFunc(x.left, func(_ string, blobs []cache.Digest) bool {
		return !slices.ContainsFunc(blobs, func(d cache.Digest) bool { return x.leftOut[d] })
	})
	contents, err := bundle.Contents(x.record, x.results, slices.SortedFunc(maps.Keys(x.leftOut), func(a, b cache.Digest) int { return bytes.Compare(a.Hash[:], b.Hash[:]) }))
	if err != nil {
		return nil, err
	}
	for _, f := range contents {
		all.add(f, crate.Entry{})
	}
	all.add(bundle.Bytes(bundleReadme, []byte(x.readme())), crate.Entry{Format: "text/markdown"})
	in.Files = append(all.entries, crate.Entry{Path: bundle.SumsFile, Name: "SHA-256 of all files", Format: "text/plain"}) // without its own: it has that of the crate
	in.Description = x.description()
	metadata, err := crate.Metadata(in)
	if err != nil {
		return nil, err
	}
	return append(all.files, bundle.Bytes(crate.File, metadata)), nil
}

func (x *exporter) name() string {
	if x.workflow.Name != "" {
		return x.workflow.Name
	}
	return x.workflowID()
}

// inProject returns the place in the bundle of a file of the project, "" if it
// is outside of it.
func (x *exporter) inProject(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(x.root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", nil //nolint:nilerr // no way from there to here means outside
	}
	return bundleWorkflow + filepath.ToSlash(rel), nil
}

// projectFiles adds the workflow with the files that it names, but those that
// stages read.
func (x *exporter) projectFiles(ctx context.Context, all *bundleFiles, in *crate.Input) error {
	w := x.workflow
	names := slices.Sorted(maps.Keys(w.Sources)) // with files of variables
	for _, r := range w.Reports {
		if r.PublishedFile != "" {
			names = append(names, w.Path(r.PublishedFile))
		}
	}
	for _, c := range w.Claims {
		if c.PublishedFile != "" {
			names = append(names, w.Path(c.PublishedFile))
		}
	}
	for _, paper := range w.Papers {
		names = append(names, filepath.Join(w.Dir, filepath.FromSlash(paper.Template)))
	}
	names = append(names, filepath.Join(w.Dir, lock.File))
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			continue // such as no lock
		}
		if _, err := x.addFile(ctx, all, name, name); err != nil {
			return err
		}
	}
	for _, name := range []string{"LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "COPYING"} {
		licence := filepath.Join(x.root, name)
		if _, err := os.Stat(licence); err == nil && in.License == "" {
			at, err := x.addFile(ctx, all, licence, licence)
			if err != nil {
				return err
			}
			in.License = at
		}
	}
	return x.pluginFiles(ctx, all)
}

// addFile adds a file of the project, which may be read from elsewhere, and
// returns its place: by its digest if it is not the project's.
func (x *exporter) addFile(ctx context.Context, all *bundleFiles, name, from string) (string, error) {
	info, err := os.Stat(from)
	if err != nil {
		return "", err
	}
	d, err := x.store.FileDigest(ctx, from)
	if err != nil {
		return "", err
	}
	at, err := x.inProject(name)
	if err != nil {
		return "", err
	}
	if at == "" {
		x.terminal.say("note: %s is outside of the project: the bundle has it by its digest only", name)
		at = bundle.BlobPath(d)
	}
	all.add(bundle.Disk(at, from, d, info.Mode()&0o100 != 0), crate.Entry{Name: filepath.Base(name)})
	return at, nil
}

// pluginFiles adds the plugins that come from folders. Those from repositories
// are found by their commit.
func (x *exporter) pluginFiles(ctx context.Context, all *bundleFiles) error {
	for _, plugin := range x.plugins {
		if plugin.decl.Commit != "" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(plugin.built.Files)) {
			local := filepath.FromSlash(name)
			if _, err := x.addFile(ctx, all, filepath.Join(plugin.built.Source, local), filepath.Join(plugin.built.Copied, local)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sources adds the files and folders that stages read.
func (x *exporter) sources(ctx context.Context, all *bundleFiles, in *crate.Input) error {
	for _, n := range x.plan.Nodes {
		for _, s := range n.Sources() {
			if in.Sources[s.Artifact] {
				continue
			}
			in.Sources[s.Artifact] = true
			named := filepath.FromSlash(s.Name)
			if !filepath.IsAbs(named) {
				named = filepath.Join(x.workflow.Dir, named)
			}
			if !s.Artifact.Tree {
				if _, err := x.addFile(ctx, all, named, s.Path); err != nil {
					return err
				}
				continue
			}
			tree, err := cache.WalkTree(s.Path, func(file string) (cache.Digest, error) { return x.store.FileDigest(ctx, file) })
			if err != nil {
				return err
			}
			manifest := tree.Encode()
			all.add(bundle.Bytes(bundle.BlobPath(cache.Of(manifest)), manifest), crate.Entry{Name: s.Name + " (names of the files)"})
			in.Trees[s.Artifact.Digest] = tree
			for _, e := range tree {
				local := filepath.FromSlash(e.Path)
				if _, err := x.addFile(ctx, all, filepath.Join(named, local), filepath.Join(s.Path, local)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unsafe is what does not belong into the names of files.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9._=,+-]+`)

// logPath returns the place of a stage's log.
func logPath(addr string) string {
	name, axes, matrix := strings.Cut(strings.TrimSuffix(addr, "]"), "[")
	if !matrix {
		return bundleLogs + name + ".txt"
	}
	safe := unsafe.ReplaceAllString(axes, "_")
	if safe != axes {
		safe += "-" + cache.Of([]byte(axes)).Short() // two may be alike now
	}
	return bundleLogs + name + "/" + safe + ".txt"
}

// logs adds what stages wrote, those that failed too.
func (x *exporter) logs(_ context.Context, all *bundleFiles, _ *crate.Input) error {
	logs := map[string]cache.Digest{}
	for _, s := range x.record.Stages {
		logs[s.Addr] = s.Log
	}
	for _, r := range x.results {
		logs[r.Addr] = r.Result.Log
	}
	for _, addr := range slices.Sorted(maps.Keys(logs)) {
		if d := logs[addr]; !d.IsZero() {
			all.add(bundle.BlobAt(logPath(addr), x.store, d), crate.Entry{Name: "log of " + addr, Format: "text/plain", LogOf: addr})
		}
	}
	return nil
}

// blobs adds actions and outputs, and published numbers that are not those of a
// file of the project any more.
func (x *exporter) blobs(ctx context.Context, all *bundleFiles, in *crate.Input) error {
	for _, r := range x.record.Reports {
		if !r.Published.IsZero() {
			all.blob(x.store, r.Published, r.PublishedFile)
		}
	}
	for _, c := range x.record.Claims {
		if !c.Published.IsZero() {
			all.blob(x.store, c.Published, c.PublishedFile)
		}
	}
	for _, r := range x.results {
		_, left := x.left[r.Addr]
		encoded, err := cache.ReadBlob(ctx, x.store, r.Key)
		if err != nil {
			return fmt.Errorf("action of %s: %w", r.Addr, err)
		}
		action, err := cache.ParseAction(encoded)
		if err != nil {
			return fmt.Errorf("action of %s: %w", r.Addr, err)
		}
		in.Stages[r.Addr] = crate.Stage{Action: action, Result: r.Result}
		all.blob(x.store, r.Key, "action of "+r.Addr)
		add := func(d cache.Digest, name string) {
			if !left {
				all.blob(x.store, d, name)
			}
		}
		for _, port := range slices.Sorted(maps.Keys(r.Result.Outputs)) {
			a, name := r.Result.Outputs[port], port+" of "+r.Addr
			if !a.Tree {
				add(a.Digest, name)
				continue
			}
			add(a.Digest, name+" (names of the files)")
			tree, err := cache.LoadTree(ctx, x.store, a.Digest)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			in.Trees[a.Digest] = tree
			for _, e := range tree {
				add(e.Digest, name+": "+e.Path)
			}
		}
	}
	return nil
}

// formats are those that tables are written in, with their media types.
var formats = []struct{ render, extension, media string }{
	{"csv", ".csv", "text/csv"},
	{"json", ".json", "application/json"},
	{"markdown", ".md", "text/markdown"},
}

// tables adds the tables of all reports that have results.
func (x *exporter) tables(ctx context.Context, all *bundleFiles, in *crate.Input) error {
	made, err := tables(ctx, x.terminal, x.snapshotOf())
	if err != nil {
		return err
	}
	for _, table := range made {
		for _, format := range formats {
			draw, err := render.ByName(format.render)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := draw(&b, table, render.Options{}); err != nil {
				return err
			}
			at := path.Join(bundleTables, table.Name+format.extension)
			all.add(bundle.Bytes(at, b.Bytes()), crate.Entry{Name: table.Title, Format: format.media})
			in.Tables[table.Name] = append(in.Tables[table.Name], at)
		}
	}
	return nil
}
